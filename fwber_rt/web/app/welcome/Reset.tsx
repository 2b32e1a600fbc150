import { useState } from "preact/hooks";
import { session } from "../api.ts";
import { Wrong } from "../explain.ts";
import { format } from "../router/route.ts";
import { go } from "../router/router.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";

/** A forgotten password: a code by mail or from the operator, then a new password. */
export function Reset() {
  const [login, setLogin] = useState("");
  const [asked, setAsked] = useState(false);
  const ask = async (values: Record<string, string>): Promise<void> => {
    setLogin(values.login ?? "");
    await session.rest("auth.reset.request", { login: values.login ?? "" });
    say(t("reset.asked"));
    setAsked(true);
  };
  const set = async ({ code = "", password = "", login: name = "" }: Record<string, string>): Promise<void> => {
    if (password.length < 8) throw new Wrong("password", t("account.password.short"));
    await session.rest("auth.reset", { login: name, code: code.trim(), password });
    say(t("reset.done"));
    go({ screen: "signIn" }, { replace: true });
  };
  return (
    <Form key={String(asked)} onSend={asked ? set : ask}>
      {({ busy, wrong, field }) => (
        <>
          <h1>{t("reset.title")}</h1>
          <p class="soft">{t("reset.what")}</p>
          <Field name="login" label={t("sign.login")} value={login} onInput={setLogin} autoComplete="username" wrong={field === "login" ? wrong : null} />
          {asked ? <Field name="code" label={t("reset.code")} autoComplete="one-time-code" wrong={field === "code" ? wrong : null} /> : null}
          {asked ? <Field name="password" type="password" label={t("account.password.new")} hint={t("account.password.hint")} autoComplete="new-password" wrong={field === "password" ? wrong : null} /> : null}
          <WrongNote text={field === null ? wrong : null} />
          <div class="stack close">
            <Button type="submit" look="main wide" disabled={busy}>{t(asked ? "reset.do" : "reset.ask")}</Button>
            {asked ? null : <Button look="quiet wide" onPress={() => setAsked(true)}>{t("reset.have")}</Button>}
            <a class="button quiet wide" href={format({ screen: "signIn" })}>{t("register.have")}</a>
          </div>
        </>
      )}
    </Form>
  );
}
