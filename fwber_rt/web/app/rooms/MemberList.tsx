import { useState } from "preact/hooks";
import type { MemberView, RoomView } from "../../client/index.ts";
import { format } from "../router/route.ts";
import { me } from "../state/people.ts";
import { isKey, t } from "../text.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { InviteDialog } from "./InviteDialog.tsx";
import { MemberDialog } from "./MemberDialog.tsx";
import { atLeast, governs, roleOf, type Role } from "./roles.ts";
import { ordered } from "./roster.ts";

const AT_ONCE = 50;

interface Props {
  room: RoomView;
  /** Mine. */
  role: Role;
  members: readonly MemberView[];
  open: boolean;
  more: () => Promise<void>;
}

/** Who is in a room and what they are in it. */
export function MemberList({ room, role, members, open, more }: Props) {
  const [most, setMost] = useState(AT_ONCE);
  const [chosen, setChosen] = useState<MemberView | null>(null);
  const [inviting, setInviting] = useState(false);
  const all = ordered(members);
  const show = async (): Promise<void> => {
    setMost(most + 2 * AT_ONCE);
    if (all.length <= most + AT_ONCE && open) await more();
  };
  return (
    <section class="section">
      <h2>{t("room.who")}</h2>
      <ul class="list">
        {all.slice(0, most).map((member) => <Member key={member.user} member={member} onChoose={governs(role, roleOf(member.role)) ? () => setChosen(member) : null} />)}
      </ul>
      <div class="row">
        {all.length > most || open ? <Button look="quiet small" onPress={show}>{t("list.more")}</Button> : null}
        {atLeast(role, "moderator") ? <Button look="small" onPress={() => setInviting(true)}><Icon name="plus" size={18} />{t("invite.do")}</Button> : null}
      </div>
      {chosen ? <MemberDialog room={room} role={role} member={chosen} onClose={() => setChosen(null)} /> : null}
      {inviting ? <InviteDialog room={room} members={members} onClose={() => setInviting(false)} /> : null}
    </section>
  );
}

function Member({ member: { user, name, role }, onChoose }: { member: MemberView; onChoose: (() => void) | null }) {
  return (
    <li class="item">
      <Avatar name={name} user={user} />
      <span class="texts">
        {user === me.value?.user ? <span><Name name={name} /> <span class="soft">{t("member.me")}</span></span> : <a class="line" href={format({ screen: "person", user })}><Name name={name} /></a>}
        {role === "member" ? null : <span class="second">{roleText(role)}</span>}
      </span>
      {onChoose ? <button type="button" class="round" aria-label={t("member.tools", { name })} onClick={onChoose}><Icon name="more" /></button> : null}
    </li>
  );
}

export function roleText(role: string): string {
  const key = `role.${role}`;
  return isKey(key) ? t(key) : role;
}
