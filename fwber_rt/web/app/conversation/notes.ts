/** Notes of the system about what is said while the page is in the background. */
import { notify } from "../notify.ts";
import { format } from "../router/route.ts";
import { blocked, muted } from "../state/relations.ts";
import { t } from "../text.ts";
import type { Said } from "./entries.ts";
import { HERE } from "./marks.ts";

// Whatever direction somebody's words have, it ends with them.
const [ISOLATE, END] = ["\u2068", "\u2069"];

/** Tell of the newest message of a conversation; `title` is what the conversation is called. */
export function tell(conversation: string, title: string, { user, name, text }: Said): void {
  if (muted.peek().has(user) || blocked.peek().has(user)) return;
  const words = text ?? t("talk.unknown");
  void notify({
    title: `${ISOLATE}${title}${END}`,
    body: `${ISOLATE}${name.slice(0, 64)}${END}: ${ISOLATE}${words}${END}`,
    tag: conversation,
    hash: format(conversation === HERE ? { screen: "here" } : { screen: "room", room: conversation }),
  });
}
