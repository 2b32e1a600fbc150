import { session } from "../api.ts";
import { Wrong } from "../explain.ts";
import { config } from "../state/config.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { know } from "./knowing.ts";

/** A guest becomes an account and stays the same person: id, rooms, blocks and all. */
export function UpgradeSection() {
  if (!config.value.registration) return <p class="soft">{t("welcome.closed.both")}</p>;
  return (
    <Form onSend={send}>
      {({ busy, wrong, field }) => (
        <>
          <p>{t("account.none.what")}</p>
          <Field name="login" label={t("account.login")} hint={t("account.login.hint")} autoComplete="username" wrong={field === "login" ? wrong : null} />
          <Field name="password" type="password" label={t("account.password")} hint={t("account.password.hint")} autoComplete="new-password" wrong={field === "password" ? wrong : null} />
          <Field name="email" type="email" label={t("account.email.optional")} hint={t("account.email.hint")} autoComplete="email" wrong={field === "email" ? wrong : null} />
          <WrongNote text={field === null ? wrong : null} />
          <div class="row"><Button type="submit" look="main" disabled={busy}>{t("account.make")}</Button></div>
        </>
      )}
    </Form>
  );
}

async function send({ login = "", password = "", email = "" }: Record<string, string>): Promise<void> {
  if (password.length < 8) throw new Wrong("password", t("account.password.short"));
  await session.upgrade({ login: login.trim(), password, ...(email.trim() ? { email: email.trim() } : {}) });
  await know();
  say(t("account.made"));
}
