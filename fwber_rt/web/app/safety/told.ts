/** What administrators have to tell me. It stays in sight until I have read it. */
import { hear, serverNow } from "../api.ts";
import { moment } from "../format.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";

/** Start; call once. */
export function startTold(): void {
  hear("user.warned", ({ d }) => tell(t("told.warned", { text: d.text })));
  hear("user.silenced", ({ d: { until, reason } }) => {
    if (until === null) return say(t("told.unsilenced"));
    tell(t(reason ? "told.silenced.why" : "told.silenced", { time: moment(until, serverNow()), reason: reason ?? "" }));
  });
}

function tell(text: string): void {
  say(text, { bad: true, action: { text: t("told.read"), run: () => undefined } });
}
