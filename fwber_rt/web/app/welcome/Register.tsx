import { session } from "../api.ts";
import { Wrong } from "../explain.ts";
import { format } from "../router/route.ts";
import { go } from "../router/router.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";

const SHORTEST = 8;

/** A new account. Consent to the location is asked on the map, before anything needs it. */
export function Register() {
  return (
    <Form onSend={send}>
      {({ busy, wrong, field }) => (
        <>
          <h1>{t("register.title")}</h1>
          <Field name="name" label={t("welcome.name")} hint={t("welcome.name.hint")} autoComplete="nickname" wrong={field === "name" ? wrong : null} />
          <Field name="login" label={t("account.login")} hint={t("account.login.hint")} autoComplete="username" wrong={field === "login" ? wrong : null} />
          <Field name="password" label={t("account.password")} type="password" hint={t("account.password.hint")} autoComplete="new-password" wrong={field === "password" ? wrong : null} />
          <Field name="email" label={t("account.email.optional")} type="email" hint={t("account.email.hint")} autoComplete="email" wrong={field === "email" ? wrong : null} />
          <WrongNote text={field === null ? wrong : null} />
          <div class="stack close">
            <Button type="submit" look="main wide" disabled={busy}>{t("account.make")}</Button>
            <a class="button quiet wide" href={format({ screen: "signIn" })}>{t("register.have")}</a>
          </div>
        </>
      )}
    </Form>
  );
}

async function send({ name = "", login = "", password = "", email = "" }: Record<string, string>): Promise<void> {
  if (!name.trim()) throw new Wrong("name", t("welcome.name.missing"));
  if (password.length < SHORTEST) throw new Wrong("password", t("account.password.short"));
  await session.register({ name: name.trim(), login: login.trim(), password, ...(email.trim() ? { email: email.trim() } : {}) });
  go({ screen: "around" }, { replace: true });
}
