import { useId, useState } from "preact/hooks";
import { distance } from "../../app/format.ts";
import { say } from "../../app/state/notices.ts";
import { Button } from "../../app/ui/Button.tsx";
import { Name } from "../../app/ui/Name.tsx";
import type { RoomSummary } from "../../client/index.ts";
import { ask } from "../api.ts";
import { named, t } from "../text.ts";
import { ActDialog, Lines, written } from "../ui/ActDialog.tsx";
import { ListEnd } from "../ui/ListEnd.tsx";
import { Screen } from "../ui/Screen.tsx";
import { Time } from "../ui/Time.tsx";
import { useList } from "../ui/useList.ts";
import { UserLink } from "../ui/UserLink.tsx";
import { count } from "../watch/reading.ts";

const CHARS = 64;

/** All rooms there are. Of private ones no more than that there is one, whose, and about how large. */
export function RoomsScreen() {
  const [wanted, setWanted] = useState("");
  const [ending, setEnding] = useState<RoomSummary | null>(null);
  const list = useList(wanted, async (cursor) => {
    const { rooms, next } = await ask("room.search", { q: wanted, cursor });
    return { items: rooms, next };
  });
  const id = useId();
  return (
    <Screen title={t("rooms.all.title")}>
      <form class="filters" role="search" aria-label={t("rooms.all.title")} onSubmit={(event) => {
        event.preventDefault();
        setWanted(String(new FormData(event.currentTarget).get("q") ?? "").trim());
      }}>
        <div class="field grow">
          <label for={id}>{t("rooms.all.search")}</label>
          <input id={id} class="input" type="search" name="q" maxLength={CHARS} autoComplete="off" dir="auto" />
        </div>
        <Button type="submit" look="main">{t("users.find")}</Button>
      </form>
      <ul class="list">{list.items.map((room) => <li key={room.room} class="item"><Item room={room} onEnd={() => setEnding(room)} /></li>)}</ul>
      <ListEnd list={list} none={t("rooms.all.none")} more={t("users.more")} />
      {ending ? <EndDialog room={ending} onDone={list.again} onClose={() => setEnding(null)} /> : null}
    </Screen>
  );
}

function nameOf(room: RoomSummary): string {
  return room.name || t("rooms.private");
}

function Item({ room, onEnd }: { room: RoomSummary; onEnd: () => void }) {
  const members = typeof room.members === "number" ? count(room.members) : t("op.few");
  return (
    <>
      <span class="texts">
        <span><Name name={nameOf(room)} /></span>
        <span class="second">
          {named(`room.kind.${room.kind}`, room.kind)} · {t("rooms.members.count", { count: members })} · {t("rooms.radius", { distance: distance(room.radius_m) })} · {t("rooms.since")} <Time at={room.created} />
        </span>
        <span class="second"><span class="mono">{room.room}</span> · {t("rooms.owner")} <UserLink user={room.owner} /></span>
      </span>
      <Button look="small" onPress={onEnd} aria-label={t("rooms.end.title", { name: nameOf(room) })}>{t("rooms.end")}</Button>
    </>
  );
}

function EndDialog({ room, onDone, onClose }: { room: RoomSummary; onDone: () => void; onClose: () => void }) {
  const end = async (values: Record<string, string>): Promise<void> => {
    await ask("room.remove", { room: room.room, reason: written(values, "reason", "do.reason.missing") });
    say(t("rooms.ended"));
    onClose();
    onDone();
  };
  return (
    <ActDialog title={t("rooms.end.title", { name: nameOf(room) })} what={t("rooms.end.what")} act={t("verdict.end")} danger onAct={end} onClose={onClose}>
      <Lines name="reason" label={t("do.reason")} />
    </ActDialog>
  );
}
