/** What administrators have to tell me. It stays in sight until I have read it, and comes back until the server knows that. */
import { effect } from "@preact/signals";
import { ask, hear, link, serverNow } from "../api.ts";
import { moment } from "../format.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";

const AT_ONCE = 3; // as many notices as there is room for; the next come when these are read
let silence: string | null = null; // the one I was told of last: it is told again with the next page, not with each connection

/** Start; call once. */
export function startTold(): void {
  hear("user.warned", ({ d }) => warn(d.warning, d.text));
  hear("user.silenced", ({ d: { until, reason } }) => {
    if (until === null) {
      silence = null;
      return say(t("told.unsilenced"));
    }
    hush(until, reason ?? "");
  });
  effect(() => {
    if (link.value.state === "open") void learn();
  });
}

async function learn(): Promise<void> {
  try {
    const { warnings, silenced_until: until, silence_reason: reason } = await ask("warning.list", {});
    for (const { warning, text } of warnings.slice(0, AT_ONCE)) warn(warning, text);
    if (until != null) hush(until, reason ?? "");
  } catch {
    // It is asked again with the next connection.
  }
}

function warn(warning: string, text: string): void {
  tell(t("told.warned", { text }), () => {
    ask("warning.read", { warning }).then(learn, () => undefined); // unheard, it comes back
  });
}

function hush(until: number, reason: string): void {
  const now = `${until} ${reason}`;
  if (silence === now) return;
  silence = now;
  tell(t(reason ? "told.silenced.why" : "told.silenced", { time: moment(until, serverNow()), reason }), () => undefined);
}

function tell(text: string, run: () => void): void {
  say(text, { bad: true, stay: true, action: { text: t("told.read"), run } });
}
