import { useId, useState } from "preact/hooks";
import type { CreateReport } from "../../client/index.ts";
import { ask } from "../api.ts";
import { Wrong } from "../explain.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Form } from "../ui/Form.tsx";
import { Name } from "../ui/Name.tsx";
import { Say } from "../ui/Say.tsx";
import { Switch } from "../ui/Switch.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { block } from "./relate.ts";

type Reason = CreateReport["reason"];

const REASONS: readonly Reason[] = [
  "harassment", "hate", "violence", "sexual", "minors", "self_harm", "impersonation", "spam", "illegal", "other",
];
const NOTE = 2000;

interface Props {
  /** What is reported: exactly one of them. */
  subject: { user: string } | { room: string } | { message: string };
  name: string;
  /** Who wrote it, where it is a message; can be blocked at once. */
  author?: string;
  onClose: () => void;
}

/** Tells the operator what is wrong with somebody, a room or a message. */
export function ReportDialog({ subject, name, author, onClose }: Props) {
  const who = "user" in subject ? subject.user : author;
  const [also, setAlso] = useState(false);
  const id = useId();
  const send = async ({ reason = "", note = "" }: Record<string, string>): Promise<void> => {
    const chosen = REASONS.find((each) => each === reason);
    if (!chosen) throw new Wrong("reason", t("report.reason.missing"));
    const { dup } = await ask("report.create", { ...subject, reason: chosen, ...(note.trim() ? { note: note.trim() } : {}) });
    if (also && who) await block(who, name.slice(0, 200));
    say(t(dup ? "report.dup" : "report.sent"));
    onClose();
  };
  return (
    <Dialog title={<Say text="report.title" values={{ name: <Name name={name} /> }} />} onClose={onClose}>
      <p class="soft small">{t("report.what")}</p>
      <Form onSend={send} keep={`report.${Object.values(subject).join()}`}>
        {({ busy, wrong }) => (
          <>
            <fieldset class="stack close">
              <legend class="strong">{t("report.reason")}</legend>
              {REASONS.map((reason) => (
                <label key={reason} class="choice slim"><input type="radio" name="reason" value={reason} /><span>{t(`reason.${reason}`)}</span></label>
              ))}
            </fieldset>
            <div class="field">
              <label for={id}>{t("report.note")}</label>
              <textarea id={id} class="input" name="note" maxLength={NOTE} rows={3} dir="auto" />
            </div>
            {who ? <Switch label={t("report.also.block")} on={also} onChange={setAlso} /> : null}
            <p class="small soft">{t("report.emergency")}</p>
            <WrongNote text={wrong} />
            <div class="ends">
              <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
              <Button type="submit" look="main" disabled={busy}>{t("report.send")}</Button>
            </div>
          </>
        )}
      </Form>
    </Dialog>
  );
}
