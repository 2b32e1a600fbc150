import { useId, useState } from "preact/hooks";
import type { MemberView, RoomView } from "../../client/index.ts";
import { ask, serverNow } from "../api.ts";
import { duration } from "../format.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { Name } from "../ui/Name.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { roleText } from "./MemberList.tsx";
import { grants, roleOf, type Granted, type Role } from "./roles.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MUTES_MS = [10 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS] as const;
const BANS_MS = [HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS] as const;
const REASON = 200;

interface Props {
  room: RoomView;
  /** Mine. */
  role: Role;
  member: MemberView;
  onClose: () => void;
}

type What = "mute" | "kick" | "ban" | "role" | "transfer";

/** What those who keep order may do about somebody; each step says what it does before it is done. */
export function MemberDialog({ room, role, member, onClose }: Props) {
  const [what, setWhat] = useState<What | null>(null);
  const offered: What[] = ["mute", "kick", "ban"];
  if (grants(role, roleOf(member.role)).length > 0) offered.push("role");
  if (role === "owner") offered.push("transfer");
  return (
    <Dialog title={<Name name={member.name} />} onClose={onClose}>
      {what === null ? (
        <div class="stack close">
          {offered.map((each) => <Button key={each} look="wide" onPress={() => setWhat(each)}>{t(`member.${each}`)}</Button>)}
          <div class="ends"><Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button></div>
        </div>
      ) : <Step key={what} what={what} room={room} role={role} member={member} onClose={onClose} />}
    </Dialog>
  );
}

function Step({ what, room, role, member, onClose }: Props & { what: What }) {
  const send = async (values: Record<string, string>): Promise<void> => {
    await act(what, { room: room.room, user: member.user }, values);
    say(t("member.done", { name: member.name }));
    onClose();
  };
  return (
    <Form onSend={send}>
      {({ busy, wrong }) => (
        <>
          <p>{t(`member.${what}.what`)}</p>
          {what === "mute" ? <Until choices={MUTES_MS} /> : null}
          {what === "ban" ? <><Until choices={BANS_MS} ever /><Field name="reason" label={t("member.reason")} hint={t("member.reason.hint")} maxLength={REASON} autoComplete="off" /></> : null}
          {what === "role" ? <Roles offered={grants(role, roleOf(member.role))} /> : null}
          <WrongNote text={wrong} />
          <div class="ends">
            <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
            <Button type="submit" look={what === "role" ? "main" : "danger"} disabled={busy}>{t(`member.${what}`)}</Button>
          </div>
        </>
      )}
    </Form>
  );
}

async function act(what: What, at: { room: string; user: string }, { until = "", reason = "", role = "" }: Record<string, string>): Promise<void> {
  const end = Number(until) > 0 ? serverNow() + Number(until) : null;
  if (what === "kick") await ask("room.kick", at);
  else if (what === "mute") await ask("room.mute", { ...at, until: end ?? serverNow() + HOUR_MS });
  else if (what === "ban") await ask("room.ban", { ...at, ...(end === null ? {} : { until: end }), ...(reason.trim() ? { reason: reason.trim() } : {}) });
  else if (what === "role") await ask("room.role.set", { ...at, role: role as Granted });
  else await ask("room.transfer", at);
}

function Until({ choices, ever = false }: { choices: readonly number[]; ever?: boolean }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{t("member.until")}</label>
      <select id={id} class="input" name="until">
        {choices.map((ms) => <option key={ms} value={String(ms)}>{duration(ms)}</option>)}
        {ever ? <option value="">{t("member.ever")}</option> : null}
      </select>
    </div>
  );
}

function Roles({ offered }: { offered: readonly Granted[] }) {
  return (
    <div class="choices">
      {offered.map((role, place) => (
        <label key={role} class="choice">
          <input type="radio" name="role" value={role} defaultChecked={place === 0} />
          <span>{roleText(role)}</span>
          <span class="explain">{t(`role.${role}.what`)}</span>
        </label>
      ))}
    </div>
  );
}
