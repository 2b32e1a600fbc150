import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Refusal } from "../client/index.ts";
import { explain } from "../app/explain.ts";
import { Button } from "../app/ui/Button.tsx";
import { Field } from "../app/ui/Field.tsx";
import { Form } from "../app/ui/Form.tsx";
import { WrongNote } from "../app/ui/Wrong.tsx";
import { session, who } from "./api.ts";
import { t } from "./text.ts";

function Door({ children }: { children: ComponentChildren }) {
  return (
    <main class="door">
      <div class="box">
        <h1>{t("way.title")}</h1>
        {children}
      </div>
    </main>
  );
}

/** With login and password, and the code of the second factor once the server asks for it. */
export function SignIn() {
  const [code, setCode] = useState(false);
  const why = who.value.kind === "nobody" ? who.value.why : null;
  const send = async (values: Record<string, string>): Promise<void> => {
    try {
      await session.signIn(values.login ?? "", values.password ?? "", values.code ?? "");
    } catch (error) {
      if (error instanceof Refusal && error.name === "totp.required") setCode(true);
      else throw error;
    }
  };
  return (
    <Door>
      <p class="soft">{t("way.what")}</p>
      <Form onSend={send}>
        {({ busy, wrong, field }) => (
          <>
            <Field name="login" label={t("sign.login")} autoComplete="username" required />
            <Field name="password" label={t("account.password")} type="password" autoComplete="current-password" required />
            {code ? <Field name="code" label={t("sign.code")} hint={t("totp.either")} autoComplete="one-time-code" inputMode="numeric" wrong={field === "code" ? wrong : null} /> : null}
            <WrongNote text={(field === "code" ? null : wrong) ?? (why && !busy ? explain(why) : null)} />
            <Button type="submit" look="main wide" aria-busy={busy} disabled={busy}>{t("sign.in")}</Button>
          </>
        )}
      </Form>
    </Door>
  );
}

/** Somebody is signed in here who may not see this. */
export function NoAdministrator() {
  const name = who.value.kind === "nobody" ? "" : who.value.user.name;
  return (
    <Door>
      <p class="words">{t("way.not", { name })}</p>
      <div class="stack close">
        <Button look="main wide" onPress={() => session.signOut()}>{t("way.other")}</Button>
        <a class="button quiet wide" href="/">{t("app.name")}</a>
      </div>
    </Door>
  );
}
