/** What went wrong with a form as a whole; read out. */
export function WrongNote({ text }: { text: string | null }) {
  return <div role="alert">{text ? <p class="card bad">{text}</p> : null}</div>;
}
