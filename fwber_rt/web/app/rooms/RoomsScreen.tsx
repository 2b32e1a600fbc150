import type { ComponentChildren } from "preact";
import { explain } from "../explain.ts";
import { format } from "../router/route.ts";
import { located } from "../state/place.ts";
import { found, invitations, mine } from "../state/rooms.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Pane } from "../ui/Pane.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { FindBar } from "./FindBar.tsx";
import { answered, failed, filters, find, more, next, searching } from "./finding.ts";
import { InvitationItem } from "./InvitationItem.tsx";
import { RoomItem } from "./RoomItem.tsx";

/** The rooms I am in, those I am invited to, and those around. */
export function RoomsScreen() {
  const joined = [...mine.value.values()].sort((a, b) => a.name.localeCompare(b.name));
  const invited = [...invitations.value.values()];
  return (
    <Pane title={t("nav.rooms")} tools={<a class="button small" href={format({ screen: "newRoom" })}><Icon name="plus" size={18} />{t("room.new")}</a>}>
      {invited.length > 0 ? (
        <Group title={t("rooms.invited")}>{invited.map((invitation) => <InvitationItem key={invitation.room.room} invitation={invitation} />)}</Group>
      ) : null}
      {joined.length > 0 ? <Group title={t("rooms.mine")}>{joined.map((room) => <RoomItem key={room.room} room={room} />)}</Group> : null}
      <section class="section">
        <h2>{t("rooms.near")}</h2>
        <FindBar />
        <Found />
      </section>
    </Pane>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="section">
      <h2>{title}</h2>
      <ul class="list">{children}</ul>
    </section>
  );
}

function Found() {
  if (!located.value && !filters.value.map) return <p class="soft">{t("rooms.off")}</p>;
  if (!answered.value && !failed.value) return <p class="empty" aria-busy="true">{t("busy.loading")}</p>;
  const rooms = [...found.value.values()].filter(({ room }) => !mine.value.has(room));
  return (
    <>
      <p class="unseen" role="status">{searching.value ? t("busy.loading") : t("rooms.count", { count: rooms.length })}</p>
      {failed.value ? (
        <>
          <WrongNote text={explain(failed.value)} />
          <div class="row"><Button look="small" onPress={find}>{t("do.retry")}</Button></div>
        </>
      ) : null}
      <ul class="list">{rooms.map((room) => <RoomItem key={room.room} room={room} />)}</ul>
      {next.value ? <div class="row"><Button look="quiet small" onPress={more}>{t("list.more")}</Button></div> : null}
      {rooms.length === 0 && !searching.value && !failed.value ? <Nothing /> : null}
    </>
  );
}

function Nothing() {
  return (
    <div class="empty">
      <Icon name="rooms" size={44} />
      <p class="strong">{t("rooms.none")}</p>
      <p class="small">{t("rooms.none.what")}</p>
    </div>
  );
}
