import { outgoing } from "./talk.ts";
import { HERE } from "./marks.ts";
import { Pending } from "./Pending.tsx";

/** What I said in a conversation and nobody has heard, where the conversation itself cannot be shown. */
export function Unsent({ id }: { id: string }) {
  const mine = outgoing.value.filter(({ room, delivery }) => (room ?? HERE) === id && delivery !== "stored");
  return mine.length > 0 ? <ol class="lines unsent">{mine.map((message) => <Pending key={message.nonce} message={message} />)}</ol> : null;
}
