import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { ask } from "../api.ts";
import { back } from "../router/router.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Form } from "../ui/Form.tsx";
import { Name } from "../ui/Name.tsx";
import { Say } from "../ui/Say.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { belong, end, leave } from "./belonging.ts";
import { written } from "./fields.ts";
import { RoomFields, shows } from "./RoomFields.tsx";
import { atLeast, type Role } from "./roles.ts";

interface Props {
  room: RoomView;
  /** Mine. */
  role: Role;
}

/** Changing, leaving and ending a room. */
export function OwnTools({ room, role }: Props) {
  const [open, setOpen] = useState<"edit" | "leave" | "end" | null>(null);
  const close = (): void => setOpen(null);
  if (role === "outsider") return null;
  return (
    <div class="section"><div class="row">
      {atLeast(role, "admin") ? <Button look="small" onPress={() => setOpen("edit")}>{t("room.edit")}</Button> : null}
      <Button look="quiet small" onPress={() => setOpen("leave")}>{t("room.leave")}</Button>
      {role === "owner" ? <Button look="quiet danger small" onPress={() => setOpen("end")}>{t("room.end")}</Button> : null}
      {open === "edit" ? <EditDialog room={room} onClose={close} /> : null}
      {open === "leave" ? <Sure title={<Say text="room.leave.sure" values={{ room: <Name name={room.name} /> }} />} text={t(role === "owner" ? "room.leave.owner" : "room.leave.what")} act={t("room.leave")} onClose={close} onSure={() => go(room.room)} /> : null}
      {open === "end" ? <Sure title={<Say text="room.end.sure" values={{ room: <Name name={room.name} /> }} />} text={t("room.end.what")} act={t("room.end")} onClose={close} onSure={() => stop(room)} /> : null}
    </div></div>
  );
}

function EditDialog({ room, onClose }: { room: RoomView; onClose: () => void }) {
  const send = async (values: Record<string, string>): Promise<void> => {
    const { max_members, ...now } = written(values);
    belong(await ask("room.update", { room: room.room, ...now, ...(max_members === null ? {} : { max_members }) }));
    say(t("room.edited"));
    onClose();
  };
  return (
    <Dialog title={t("room.edit")} onClose={onClose}>
      <Form onSend={send}>
        {({ busy, wrong, field }) => (
          <>
            <RoomFields room={room} wrong={wrong} field={field} />
            <WrongNote text={shows(field) ? null : wrong} />
            <div class="ends">
              <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
              <Button type="submit" look="main" disabled={busy}>{t("do.save")}</Button>
            </div>
          </>
        )}
      </Form>
    </Dialog>
  );
}

interface SureProps { title: ComponentChildren; text: string; act: string; onSure: () => Promise<void>; onClose: () => void }

function Sure({ title, text, act, onSure, onClose }: SureProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <div class="ends">
        <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
        <Button look="danger" onPress={async () => { await onSure(); onClose(); }}>{act}</Button>
      </div>
    </Dialog>
  );
}

async function go(room: string): Promise<void> {
  await ask("room.leave", { room });
  leave(room);
  say(t("room.left"));
}

async function stop({ room, name }: RoomView): Promise<void> {
  await ask("room.delete", { room });
  end(room);
  say(t("room.over", { room: name }));
  back({ screen: "rooms" });
}
