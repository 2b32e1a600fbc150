import { back, route } from "../router/router.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { Name } from "../ui/Name.tsx";
import { Say } from "../ui/Say.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { block } from "./relate.ts";

const NOTE = 200;

/** Asks before blocking, and for a note: the list of the blocked has no names. */
export function BlockDialog({ user, name, onClose, stay = false }: { user: string; name: string; onClose: () => void; stay?: boolean }) {
  const send = async ({ note = "" }: Record<string, string>): Promise<void> => {
    await block(user, note.trim());
    say(t("person.blocked", { name }));
    onClose();
    if (!stay && route.peek().user === user) back({ screen: "around" }); // unless they have gone elsewhere meanwhile
  };
  return (
    <Dialog title={<Say text="person.block.sure" values={{ name: <Name name={name} /> }} />} onClose={onClose}>
      <p>{t("person.block.what")}</p>
      <Form onSend={send}>
        {({ busy, wrong }) => (
          <>
            <Field name="note" label={t("person.note")} hint={t("person.note.hint")} value={name.slice(0, NOTE)} maxLength={NOTE} autoComplete="off" />
            <WrongNote text={wrong} />
            <div class="ends">
              <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
              <Button type="submit" look="danger" disabled={busy}>{t("person.block")}</Button>
            </div>
          </>
        )}
      </Form>
    </Dialog>
  );
}
