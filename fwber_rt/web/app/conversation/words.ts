/** What people write, cut into plain words and links. Nothing else of it means anything: there is no markup. */

export interface Piece {
  readonly text: string;
  /** An http or https address; the words are exactly it. */
  readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u007f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/gi;
const BEHIND = /[.,;:!?)\]}…'"»”]+$/;
const LONGEST = 2048;

/** Links to http and https alone, and only where the address says in plain ASCII where it leads. */
export function cut(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = trimmed(found[0]);
    if (!leads(address)) continue;
    if (found.index > at) pieces.push({ text: text.slice(at, found.index) });
    pieces.push({ text: address, href: address });
    at = found.index + address.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

/** Characters as the server counts them: code points. */
export function length(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Without the punctuation of the sentence around it; a bracket that was opened inside stays. */
function trimmed(address: string): string {
  const behind = BEHIND.exec(address)?.[0] ?? "";
  if (behind.startsWith(")") && address.slice(0, -behind.length).includes("(")) return address.slice(0, address.length - behind.length + 1);
  return address.slice(0, address.length - behind.length);
}

function leads(address: string): boolean {
  if (address.length > LONGEST) return false;
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  if (url.username || url.password || (url.protocol !== "http:" && url.protocol !== "https:")) return false;
  const written = /^https?:\/\/([^/?#]*)/i.exec(address)?.[1] ?? "";
  return /^[a-z0-9.:[\]-]+$/i.test(written) && !/(^|\.)xn--/i.test(url.hostname);
}
