import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { Wrong } from "../explain.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";

/** Another password; every other device is signed out by it. */
export function PasswordSection() {
  const [round, setRound] = useState(0); // a new form once it is done: passwords do not stay in the page
  const send = async ({ password = "", new: next = "" }: Record<string, string>): Promise<void> => {
    if (next.length < 8) throw new Wrong("new", t("account.password.short"));
    await ask("auth.password.change", { password, new: next });
    say(t("account.password.changed"));
    setRound(round + 1);
  };
  return (
    <section class="section">
      <h2>{t("account.password")}</h2>
      <Form key={String(round)} onSend={send}>
        {({ busy, wrong, field }) => (
          <>
            <Field name="password" type="password" label={t("account.password.now")} autoComplete="current-password" wrong={field === "password" ? wrong : null} />
            <Field name="new" type="password" label={t("account.password.new")} hint={t("account.password.hint")} autoComplete="new-password" wrong={field === "new" ? wrong : null} />
            <WrongNote text={field === null ? wrong : null} />
            <div class="row"><Button type="submit" disabled={busy}>{t("account.password.change")}</Button></div>
          </>
        )}
      </Form>
    </section>
  );
}
