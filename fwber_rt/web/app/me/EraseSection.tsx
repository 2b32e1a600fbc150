import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { Wrong } from "../explain.ts";
import { account } from "../state/account.ts";
import { farewell } from "../state/farewell.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";

/** Deleting everything: typed in words, with the password of an account, and a receipt that is shown until it was read. */
export function EraseSection() {
  const [open, setOpen] = useState(false);
  return (
    <section class="section">
      <h2>{t("data.delete")}</h2>
      <p class="soft">{t("data.delete.what")}</p>
      <div class="row"><Button look="quiet danger" onPress={() => setOpen(true)}>{t("data.delete.start")}</Button></div>
      {open ? <EraseDialog onClose={() => setOpen(false)} /> : null}
    </section>
  );
}

function EraseDialog({ onClose }: { onClose: () => void }) {
  const words = t("data.delete.words");
  const send = async ({ typed = "", password = "" }: Record<string, string>): Promise<void> => {
    if (typed.trim().toLowerCase() !== words) throw new Wrong("typed", t("data.delete.type", { words }));
    const receipt = await ask("account.erase", { confirm: "erase everything", ...(password ? { password } : {}) });
    onClose();
    farewell.value = receipt;
  };
  return (
    <Dialog title={t("data.delete.title")} onClose={onClose}>
      <p>{t("data.delete.what")}</p>
      <Form onSend={send}>
        {({ busy, wrong, field }) => (
          <>
            <Field name="typed" label={t("data.delete.type", { words })} autoComplete="off" wrong={field === "typed" ? wrong : null} />
            {account.value?.login ? <Field name="password" type="password" label={t("account.password.now")} autoComplete="current-password" wrong={field === "password" ? wrong : null} /> : null}
            <WrongNote text={field === null ? wrong : null} />
            <div class="ends">
              <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
              <Button type="submit" look="danger" disabled={busy}>{t("data.delete.do")}</Button>
            </div>
          </>
        )}
      </Form>
    </Dialog>
  );
}
