import { useState } from "preact/hooks";
import { session } from "../api.ts";
import { Refusal } from "../../client/index.ts";
import { format } from "../router/route.ts";
import { go } from "../router/router.ts";
import { config } from "../state/config.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";

/** With login and password, and the code of the second factor once the server asks for it. */
export function SignIn() {
  const [code, setCode] = useState(false);
  const send = async (values: Record<string, string>): Promise<void> => {
    try {
      await session.signIn(values.login ?? "", values.password ?? "", values.code ?? "");
      go({ screen: "around" }, { replace: true });
    } catch (error) {
      if (error instanceof Refusal && error.name === "totp.required") setCode(true);
      else throw error;
    }
  };
  return (
    <Form onSend={send}>
      {({ busy, wrong, field }) => (
        <>
          <h1>{t("sign.in.title")}</h1>
          {config.value.guests ? null : <p class="soft">{t(config.value.registration ? "welcome.closed" : "welcome.closed.both")}</p>}
          <Field name="login" label={t("sign.login")} autoComplete="username" required />
          <Field name="password" label={t("account.password")} type="password" autoComplete="current-password" required />
          {code ? <Field name="code" label={t("sign.code")} hint={t("totp.either")} autoComplete="one-time-code" inputMode="numeric" wrong={field === "code" ? wrong : null} /> : null}
          <WrongNote text={field === "code" ? null : wrong} />
          <div class="stack close">
            <Button type="submit" look="main wide" aria-busy={busy} disabled={busy}>{t("sign.in")}</Button>
            <a class="button quiet wide" href={format({ screen: "reset" })}>{t("sign.forgot")}</a>
            {config.value.registration ? <a class="button quiet wide" href={format({ screen: "register" })}>{t("welcome.register")}</a> : null}
            {config.value.guests ? <a class="button quiet wide" href={format({ screen: "around" })}>{t("sign.guest")}</a> : null}
          </div>
        </>
      )}
    </Form>
  );
}
