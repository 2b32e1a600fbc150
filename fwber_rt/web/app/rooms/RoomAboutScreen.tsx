import { useState } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { explain } from "../explain.ts";
import { distance, duration } from "../format.ts";
import { centre } from "../map/hexagons.ts";
import type { Route } from "../router/route.ts";
import { format } from "../router/route.ts";
import { ReportDialog } from "../safety/ReportDialog.tsx";
import { wish } from "../state/map.ts";
import { say } from "../state/notices.ts";
import { me } from "../state/people.ts";
import { mine } from "../state/rooms.ts";
import { sheetSize } from "../state/sheet.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { Pane } from "../ui/Pane.tsx";
import { JoinCard } from "./JoinCard.tsx";
import { Keeping, Requests } from "./Keeping.tsx";
import { MemberList } from "./MemberList.tsx";
import { OwnTools } from "./OwnTools.tsx";
import { atLeast, roleOf, type Role } from "./roles.ts";
import { isFull, kindText, membersText, visibilityText } from "./RoomItem.tsx";
import { sight } from "./sight.ts";
import { useRoom } from "./useRoom.ts";
import { useRoster } from "./useRoster.ts";

/** What a room is and who is in it; coming in and going; and what those who keep order may do. */
export function RoomAboutScreen({ route }: { route: Route }) {
  const id = route.room ?? "";
  const { room, error, again } = useRoom(id);
  const here = mine.value.has(id);
  const { members, open, more } = useRoster(id, here);
  if (!room) {
    return (
      <Pane title={t("room.one")} from={{ screen: "rooms" }}>
        {error ? <div class="empty" role="alert"><p>{explain(error)}</p><Button onPress={again}>{t("do.retry")}</Button></div> : <p class="empty" aria-busy="true">{t("busy.loading")}</p>}
      </Pane>
    );
  }
  const role: Role = !here ? "outsider" : room.owner === me.value?.user ? "owner" : roleOf(members.find(({ user }) => user === me.value?.user)?.role);
  return (
    <Pane title={<Name name={room.name} />} from={{ screen: "rooms" }}>
      <div class="stack">
        <About room={room} />
        {here ? <a class="button main wide" href={format({ screen: "room", room: id })}><Icon name="here" size={18} />{t("room.open")}</a> : <JoinCard room={room} />}
        {atLeast(role, "moderator") && room.visibility !== "public" ? <Requests room={room.room} /> : null}
        {here ? <MemberList room={room} role={role} members={members} open={open} more={more} /> : null}
        {atLeast(role, "moderator") ? <Keeping room={room} /> : null}
        <OwnTools room={room} role={role} />
        <Report room={room} />
      </div>
    </Pane>
  );
}

function About({ room }: { room: RoomView }) {
  const chips = [
    kindText(room.kind), visibilityText(room.visibility), membersText(room), isFull(room) ? t("room.full") : "", t("room.size", { distance: distance(room.radius_m) }),
    room.slow_ms > 0 ? t("room.slow.every", { duration: duration(room.slow_ms) }) : "",
  ];
  const look = (): void => {
    sheetSize.value = "half";
    wish.value = sight(centre(room.cell), room.radius_m);
  };
  return (
    <>
      <div class="row">{chips.filter(Boolean).map((chip) => <span class="chip" key={chip}>{chip}</span>)}</div>
      {room.description ? <p class="said" dir="auto">{room.description}</p> : null}
      {room.tags.length > 0 ? <ul class="row" aria-label={t("room.tags")}>{room.tags.map((tag) => <li class="chip" key={tag}><Name name={tag} /></li>)}</ul> : null}
      <div class="row">
        <Button look="small" onPress={look}><Icon name="eye" size={18} />{t("room.show")}</Button>
        {room.visibility === "private" || !("clipboard" in navigator) ? null : <Button look="small" onPress={() => copyLink(room.room)}><Icon name="link" size={18} />{t("room.link")}</Button>}
      </div>
    </>
  );
}

/** An address that leads whoever opens it here; the server is told of none of it, since it stands behind the `#`. */
async function copyLink(room: string): Promise<void> {
  await navigator.clipboard.writeText(`${location.origin}${location.pathname}${format({ screen: "roomAbout", room })}`);
  say(t("room.link.copied"));
}

function Report({ room }: { room: RoomView }) {
  const [open, setOpen] = useState(false);
  if (room.owner === me.value?.user) return null;
  return (
    <div class="row">
      <Button look="quiet danger small" onPress={() => setOpen(true)}><Icon name="flag" size={18} />{t("room.report")}</Button>
      {open ? <ReportDialog subject={{ room: room.room }} name={room.name} onClose={() => setOpen(false)} /> : null}
    </div>
  );
}
