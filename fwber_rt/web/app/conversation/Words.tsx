import { cut } from "./words.ts";

/** What somebody wrote, as text: lines and links, nothing else, and no wider or taller than its place. */
export function Words({ text }: { text: string }) {
  return (
    <bdi class="words" dir="auto">
      {cut(text).map(({ text: piece, href }, place) => (href ? <a key={place} href={href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">{piece}</a> : piece))}
    </bdi>
  );
}
