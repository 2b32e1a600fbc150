import { useEffect } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { distance } from "../format.ts";
import { format } from "../router/route.ts";
import { unread } from "../state/conversations.ts";
import { asking, mine, pointed } from "../state/rooms.ts";
import { isKey, t } from "../text.ts";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";

/** One room in a list: to its conversation for those in it, to what it is for everybody else. */
export function RoomItem({ room }: { room: RoomView }) {
  const isMine = mine.value.has(room.room);
  const count = unread.value.get(`room:${room.room}`) ?? 0;
  const askers = asking.value.get(room.room)?.size ?? 0;
  const point = usePointed(room.room);
  return (
    <li>
      <a class="item" {...point} href={format({ screen: isMine ? "room" : "roomAbout", room: room.room })}>
        <span class={isMine ? "disc mine" : "disc"}><Icon name="rooms" /></span>
        <span class="texts">
          <span class="line"><Name name={room.name} /></span>
          <span class="second">{facts(room)}</span>
          {isMine && askers > 0 ? <span class="second mark">{t("rooms.asking", { count: askers })}</span> : null}
        </span>
        {count > 0 ? <span class="badge"><span aria-hidden="true">{count > 99 ? "99+" : count}</span><span class="unseen">{t("nav.unread", { count })}</span></span> : null}
        <Icon name="forward" size={18} />
      </a>
    </li>
  );
}

/** While a list's room has the focus or a pointer over it, the map shows which one it is. */
function usePointed(room: string): Record<"onFocus" | "onBlur" | "onPointerEnter" | "onPointerLeave", () => void> {
  const begin = (): void => { pointed.value = room; };
  const end = (): void => { if (pointed.peek() === room) pointed.value = null; };
  useEffect(() => end, [room]);
  return { onFocus: begin, onBlur: end, onPointerEnter: begin, onPointerLeave: end };
}

/** What a list says of a room: how far its middle is, its kind, who may come in, and how many are in it; a narrow list cuts the end. */
export function facts(room: RoomView): string {
  const parts = [kindText(room.kind)];
  if (typeof room.distance_m === "number") parts.unshift(t("room.away", { distance: distance(room.distance_m) }));
  if (room.visibility !== "public") parts.push(visibilityText(room.visibility));
  const members = isFull(room) ? t("room.full") : membersText(room);
  if (members) parts.push(members);
  return parts.join(" · ");
}

/** As many are in it as may be, where I may know how many there are. */
export function isFull({ members, max_members: most }: RoomView): boolean {
  return typeof members === "number" && members >= most;
}

export function kindText(kind: string): string {
  const key = `room.kind.${kind}`;
  return isKey(key) ? t(key) : kind;
}

export function visibilityText(visibility: string): string {
  const key = `room.visibility.${visibility}`;
  return isKey(key) ? t(key) : visibility;
}

export function membersText({ members }: RoomView): string {
  if (typeof members === "number") return t("room.members", { count: members });
  return members ? t("room.members.few") : "";
}
