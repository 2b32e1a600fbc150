import { useEffect, useState } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { ask, client, link } from "../api.ts";
import { explain } from "../explain.ts";
import { duration, moment } from "../format.ts";
import { format, type Route } from "../router/route.ts";
import { me } from "../state/people.ts";
import { OutText } from "../rooms/OutText.tsx";
import { asking, mine, mutedIn, outOf } from "../state/rooms.ts";
import { t } from "../text.ts";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { Pane } from "../ui/Pane.tsx";
import { draftOf } from "./drafts.ts";
import { slowWait } from "./pace.ts";
import { Talk } from "./Talk.tsx";
import { outgoing } from "./talk.ts";
import { Unsent } from "./Unsent.tsx";
import { useNow } from "./useNow.ts";
import { useSlow } from "./useRole.ts";
import { Words } from "./Words.tsx";

/** The conversation of a room I am in. */
export function RoomScreen({ route }: { route: Route }) {
  const id = route.room ?? "";
  const { room, error, inside } = useView(id);
  const about = format({ screen: "roomAbout", room: id });
  const askers = asking.value.get(id)?.size ?? 0;
  const tools = (
    <a class="button small" href={about}>
      {t("room.about")}
      {inside && askers > 0 ? <span class="badge"><span aria-hidden="true">{askers}</span><span class="unseen">{t("rooms.asking", { count: askers })}</span></span> : null}
    </a>
  );
  return (
    <Pane title={<Name name={room?.name ?? t("room.one")} />} from={{ screen: "rooms" }} tools={tools} scrolls={false}>
      {inside ? <RoomTalk id={id} room={room} /> : error && !outOf.value.has(id) ? <div class="empty scroll"><p role="alert">{explain(error)}</p><Unsent id={id} /></div> : <Outside id={id} about={about} />}
    </Pane>
  );
}

function RoomTalk({ id, room }: { id: string; room: RoomView | null }) {
  const slow = useSlow(room);
  const until = mutedIn.value.get(id) ?? 0;
  const spoken = slow ? lastSpoken(id) : null;
  const now = useNow(until > 0 || spoken !== null);
  const wait = slow && room ? slowWait(room, spoken, now) : 0;
  const closed = until > now ? t("talk.muted", { date: moment(until, now) })
    : wait > 0 ? t("talk.slow", { when: t("time.in", { duration: duration(Math.max(1000, wait)) }) }) : undefined;
  const note = slow && room ? t("talk.slow.what", { duration: duration(room.slow_ms) }) : undefined;
  return <Talk key={id} id={id} closed={closed} note={note} />;
}

/** What stands where the conversation would: why it does not, and what I was about to say. */
function Outside({ id, about }: { id: string; about: string }) {
  const out = outOf.value.get(id);
  const typed = draftOf(me.value?.user ?? "", id);
  return (
    <div class="empty scroll" role={out ? "alert" : undefined}>
      <Icon name="rooms" size={44} />
      {out ? <OutText out={out} /> : <p class="strong">{t("talk.outside")}</p>}
      {out ? null : <p class="small">{t("talk.outside.what")}</p>}
      {typed ? <div class="card stack close typed"><p class="small">{t("talk.typed")}</p><Words text={typed} /></div> : null}
      <Unsent id={id} />
      {out?.why === "ended" ? <a class="button main" href={format({ screen: "rooms" })}>{t("nav.rooms")}</a> : <a class="button main" href={about}>{t("room.look")}</a>}
    </div>
  );
}

/** When I last said something in a room, as far as this page knows. */
function lastSpoken(room: string): number | null {
  return outgoing.value.findLast((message) => message.room === room && message.sent !== null)?.sent?.ts ?? null;
}

interface View {
  readonly room: RoomView | null;
  readonly error: unknown;
  /** I am in it; while there is no connection, I was. */
  readonly inside: boolean;
}

function useView(id: string): View {
  const [got, setGot] = useState<RoomView | null>(null);
  const [error, setError] = useState<unknown>(null);
  const open = link.value.state === "open";
  const known = mine.value.get(id) ?? null;
  useEffect(() => {
    if (open) ask("room.get", { room: id }).then((room) => { setGot(room); setError(null); }, setError);
  }, [id, open, known === null]);
  const room = known ?? got;
  const hears = open ? (client.value?.streams ?? []).includes(`room:${id}`) : true;
  return { room, error: room ? null : error, inside: me.value !== null && hears && !outOf.value.has(id) };
}
