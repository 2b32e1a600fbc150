/** My messages that are on their way, as they stand below a conversation. */
import type { Outgoing } from "../../client/index.ts";
import type { Entry, Said } from "./entries.ts";

const CLOCKS_MS = 10_000; // a message is not older than its writing, but for what two clocks differ

/** A stored message of mine as an entry: it need not wait for its push. */
export function stored({ sent, text }: Outgoing, me: { user: string; name: string }): Said | null {
  if (!sent) return null;
  const { mid, s, o, ts } = sent;
  return { kind: "said", key: mid, s, o, mid, user: me.user, name: me.name, text, ts };
}

/**
 * Those to show as not stored yet. After a crash a message may come back in the stream before the repeat of its sending is
 * answered: pushes name no nonce, so the first message of mine with the same words that no other one accounts for is taken for it,
 * and it appears once.
 */
export function waiting(outgoing: readonly Outgoing[], entries: readonly Entry[], me: string): Outgoing[] {
  const undecided = outgoing.filter(({ delivery }) => delivery !== "stored");
  if (undecided.length === 0) return [];
  const taken = new Set(outgoing.flatMap(({ sent }) => (sent ? [sent.mid] : [])));
  return undecided.filter((message) => {
    if (message.delivery === "failed") return true;
    const same = entries.find((entry) => isSame(entry, message, me) && !taken.has(entry.key));
    if (!same) return true;
    taken.add(same.key);
    return false;
  });
}

function isSame(entry: Entry, { text, at }: Outgoing, me: string): boolean {
  return entry.kind === "said" && entry.user === me && entry.text === text && entry.ts >= at - CLOCKS_MS;
}
