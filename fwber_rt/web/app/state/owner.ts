/** Whose is what was typed in this tab. */
import type { Who } from "../../client/index.ts";

/** The owner from now on, and whether what was typed before is theirs; null: nobody's. `owner`: what was noted last in this tab. */
export function ownerAfter(owner: string | null, was: Who, now: Who): { name: string; forget: boolean } | null {
  if (now.kind === "nobody") return owner === null || (was.kind !== "nobody" && !now.why) ? null : { name: owner, forget: false };
  const [kind, user] = owner?.split(" ") ?? [];
  const another = user !== undefined && user !== now.user.user;
  return { name: `${now.kind} ${now.user.user}`, forget: another && kind !== "guest" };
}
