import { useId } from "preact/hooks";
import type { MemberView, RoomView } from "../../client/index.ts";
import { ask } from "../api.ts";
import { Wrong } from "../explain.ts";
import { groups } from "../people/around.ts";
import { shortId } from "../people/ids.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";

const ID = /^[0-9]{1,20}$/;
const MOST = 200;
const NAME_CHARS = 60;

/** Invites somebody who is around, or anybody by their number. */
export function InviteDialog({ room, members, onClose }: { room: RoomView; members: readonly MemberView[]; onClose: () => void }) {
  const id = useId();
  const inside = new Set(members.map(({ user }) => user));
  const near = groups.value.flatMap(({ people }) => people).filter(({ user }) => !inside.has(user)).slice(0, MOST);
  const send = async ({ near: chosen = "", user = "" }: Record<string, string>): Promise<void> => {
    const number = user.trim() || chosen;
    if (!ID.test(number)) throw new Wrong("user", t("invite.missing"));
    await ask("room.invite", { room: room.room, user: number });
    say(t("invite.sent"));
    onClose();
  };
  return (
    <Dialog title={t("invite.do")} onClose={onClose}>
      <p class="soft small">{t("invite.what")}</p>
      <Form onSend={send}>
        {({ busy, wrong, field }) => (
          <>
            {near.length > 0 ? (
              <div class="field">
                <label for={id}>{t("invite.near")}</label>
                <select id={id} class="input" name="near">
                  <option value="">{t("invite.nobody")}</option>
                  {near.map(({ user, name }) => <option key={user} value={user}>{`${[...name].slice(0, NAME_CHARS).join("")} …${shortId(user)}`}</option>)}
                </select>
              </div>
            ) : null}
            <Field name="user" label={t("invite.number")} hint={t("invite.number.hint")} inputMode="numeric" autoComplete="off" wrong={field === "user" ? wrong : null} />
            <WrongNote text={field === "user" ? null : wrong} />
            <div class="ends">
              <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
              <Button type="submit" look="main" disabled={busy}>{t("invite.send")}</Button>
            </div>
          </>
        )}
      </Form>
    </Dialog>
  );
}
