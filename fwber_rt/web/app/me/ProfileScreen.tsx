import { ask, who } from "../api.ts";
import { Wrong } from "../explain.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { Pane } from "../ui/Pane.tsx";

/** The name others see. */
export function ProfileScreen() {
  const now = who.value;
  return (
    <Pane title={t("profile.title")} from={{ screen: "me" }}>
      <Form onSend={send}>
        {({ busy, wrong }) => (
          <>
            <p class="soft">{t("profile.what")}</p>
            <Field name="name" label={t("welcome.name.label")} hint={t("welcome.name.hint")} value={now.kind === "nobody" ? "" : now.user.name} wrong={wrong} maxLength={200} autoComplete="nickname" />
            <div class="row"><Button type="submit" look="main" disabled={busy}>{t("do.save")}</Button></div>
          </>
        )}
      </Form>
      {now.kind === "nobody" ? null : <MyNumber id={now.user.user} />}
    </Pane>
  );
}

/** What somebody is told who wants to invite me and does not see me. */
function MyNumber({ id }: { id: string }) {
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(id);
    say(t("done.copied"));
  };
  return (
    <section class="section">
      <h2>{t("profile.number")}</h2>
      <div class="row"><span class="mono">{id}</span>{"clipboard" in navigator ? <Button look="small" onPress={copy}>{t("do.copy")}</Button> : null}</div>
      <p class="soft small">{t("profile.number.what")}</p>
    </section>
  );
}

async function send({ name = "" }: Record<string, string>): Promise<void> {
  if (!name.trim()) throw new Wrong("name", t("welcome.name.missing"));
  const now = await ask("account.update", { name: name.trim() });
  say(t("profile.changed", { name: now.name }));
}
