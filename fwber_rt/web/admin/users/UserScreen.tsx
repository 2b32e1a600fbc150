import { moment } from "../../app/format.ts";
import { Avatar } from "../../app/ui/Avatar.tsx";
import { Name } from "../../app/ui/Name.tsx";
import { WrongNote } from "../../app/ui/Wrong.tsx";
import type { UserDetail } from "../../client/index.ts";
import { ask, myId } from "../api.ts";
import { AuditList } from "../others/AuditList.tsx";
import { to } from "../route.ts";
import { named, t } from "../text.ts";
import { Fact, Facts } from "../ui/Facts.tsx";
import { Screen } from "../ui/Screen.tsx";
import { Time } from "../ui/Time.tsx";
import { useAsked } from "../ui/useAsked.ts";
import { Actions } from "./Actions.tsx";
import { Chips } from "./UsersScreen.tsx";

/** One user: what there is to judge by, what may be done, and what was. */
export function UserScreen({ id }: { id: string }) {
  const { value, wrong, again } = useAsked(id, () => ask("user.get", { user: id }));
  return (
    <Screen title={value ? <Name name={value.user.name} /> : t("op.id", { id })} from={to("users")}>
      <WrongNote text={wrong} />
      {value ? (
        <>
          <div class="row"><Avatar name={value.user.name} user={id} large /><Chips user={value.user} /></div>
          <Sanctions detail={value} />
          <Known detail={value} />
          {id === myId() ? <p class="soft">{t("user.self")}</p> : <Actions detail={value} onDone={again} />}
          <section class="section" aria-label={t("user.history")}>
            <h2>{t("user.history")}</h2>
            <AuditList key={JSON.stringify(value)} user={id} />
          </section>
        </>
      ) : wrong ? null : <p class="empty" aria-busy="true">{t("busy.loading")}</p>}
    </Screen>
  );
}

function Sanctions({ detail }: { detail: UserDetail }) {
  const { user, banned_at: at, banned_by: by, ban_reason: reason, silenced_until: silenced } = detail;
  const now = Date.now();
  const until = user.until === null ? t("op.never") : t("op.until", { time: moment(user.until, now) });
  return (
    <>
      {user.banned && at ? (
        <div class="card bad stack close">
          <p>{t("user.ban.how", { time: moment(at, now), by: by === "0" ? t("op.shell") : by === myId() ? t("op.you") : (by ?? ""), until })}</p>
          {reason ? <p class="words"><bdi dir="auto">{reason}</bdi></p> : null}
        </div>
      ) : null}
      {silenced ? <p class="card warn">{t("user.quiet.how", { time: moment(silenced, now) })}</p> : null}
    </>
  );
}

function Known({ detail }: { detail: UserDetail }) {
  const { user, connections, rooms, owned, address, totp, reports, reports_open: open } = detail;
  const yes = (is: boolean): string => t(is ? "user.yes" : "user.no");
  return (
    <>
      <Facts>
        <Fact name={t("op.id", { id: "" }).trim()}><span class="mono">{user.user}</span></Fact>
        <Fact name={t("user.login")}>{user.login === null ? named(`kind.${user.kind}`, user.kind) : <bdi>{user.login}</bdi>}</Fact>
        <Fact name={t("user.since")}><Time at={user.created} /></Fact>
        <Fact name={t("user.connections")}>{connections}</Fact>
        <Fact name={t("user.sign.ins")}>{user.sign_ins}</Fact>
        <Fact name={t("user.address")}>{yes(address)}</Fact>
        <Fact name={t("user.totp")}>{yes(totp)}</Fact>
        <Fact name={t("user.rooms")}>{t("user.rooms.count", { count: rooms })}</Fact>
        {owned.length > 0 ? <Fact name={t("user.owned")}><span class="mono">{owned.join(" ")}</span></Fact> : null}
        <Fact name={t("user.reports")}>{t("user.reports.count", { count: reports, open })}</Fact>
      </Facts>
      <p class="soft small">{t("user.unplaced")}</p>
    </>
  );
}
