import { useState } from "preact/hooks";
import type { Account } from "../../client/index.ts";
import { ask } from "../api.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { know } from "./knowing.ts";

/** The address for a forgotten password: given with the password, confirmed with a code. */
export function EmailSection({ mine }: { mine: Account }) {
  const [changing, setChanging] = useState(false);
  const set = async ({ email = "", password = "" }: Record<string, string>): Promise<void> => {
    const { sent } = await ask("auth.email.set", { email: email.trim(), password });
    await know();
    setChanging(false);
    if (email.trim()) say(t(sent ? "account.email.sent" : "account.email.unsent"));
  };
  return (
    <section class="section">
      <h2>{t("account.email")}</h2>
      <p class="soft">{mine.email ? <bdi>{mine.email}</bdi> : t("account.email.absent")}</p>
      {mine.pending ? <Pending address={mine.pending} /> : null}
      {changing ? (
        <Form onSend={set}>
          {({ busy, wrong, field }) => (
            <>
              <Field name="email" type="email" label={t("account.email")} hint={t("account.email.hint")} value={mine.email ?? ""} autoComplete="email" wrong={field === "email" ? wrong : null} />
              <Field name="password" type="password" label={t("account.password.now")} autoComplete="current-password" wrong={field === "password" ? wrong : null} />
              <WrongNote text={field === null ? wrong : null} />
              <div class="row">
                <Button type="submit" look="main" disabled={busy}>{t("do.save")}</Button>
                <Button look="quiet" onPress={() => setChanging(false)}>{t("do.cancel")}</Button>
              </div>
            </>
          )}
        </Form>
      ) : <div class="row"><Button look="small" onPress={() => setChanging(true)}>{t("account.email.set")}</Button></div>}
    </section>
  );
}

function Pending({ address }: { address: string }) {
  const send = async ({ code = "" }: Record<string, string>): Promise<void> => {
    const { email } = await ask("auth.email.verify", { code: code.trim() });
    await know();
    say(t("account.email.verified", { email }));
  };
  return (
    <Form onSend={send} class="card stack">
      {({ busy, wrong }) => (
        <>
          <p class="small">{t("account.email.pending", { email: address })}</p>
          <Field name="code" label={t("account.email.code")} autoComplete="one-time-code" wrong={wrong} />
          <div class="row"><Button type="submit" look="small" disabled={busy}>{t("account.email.verify")}</Button></div>
        </>
      )}
    </Form>
  );
}
