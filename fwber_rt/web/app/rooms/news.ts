/** What the server tells me about rooms: said once, with the way there. */
import { hear, serverNow } from "../api.ts";
import { moment } from "../format.ts";
import { route, go } from "../router/router.ts";
import { say } from "../state/notices.ts";
import { me } from "../state/people.ts";
import { asking, invitations, mine, mutedIn, outOf } from "../state/rooms.ts";
import { isKey, t } from "../text.ts";
import { answered, asks, asksNoMore } from "./asking.ts";
import { learnInvitations, nameOfRoom, putOut, without } from "./belonging.ts";

/** Start; call once. */
export function startNews(): void {
  hearOfInvitations();
  hearOfOrder();
  hear("member.role", ({ d }) => {
    const key = `room.role.${d.role}`;
    if (d.user === me.peek()?.user && isKey(key)) say(t(key, { room: nameOfRoom(d.room) }));
  });
}

function hearOfInvitations(): void {
  hear("room.invited", ({ d }) => void mayEnter(d.room, () => t("invitation.new", { name: d.name, room: nameOfRoom(d.room) })));
  hear("room.admitted", ({ d }) => {
    answered(d.room);
    void mayEnter(d.room, () => t("request.granted", { room: nameOfRoom(d.room) }));
  });
  hear("room.declined", ({ d }) => {
    answered(d.room);
    say(t("request.declined", { room: nameOfRoom(d.room) }), { bad: true });
  });
  hear("member.join", ({ d }) => asksNoMore(d.room, d.user));
  hear("room.request", ({ d }) => {
    asks(d.room, d.user);
    if (isAt(d.room, "roomAbout")) return;
    const [count, room] = [asking.peek().get(d.room)?.size ?? 1, nameOfRoom(d.room)];
    say(count > 1 ? t("keep.asked.many", { count, room }) : t("keep.asked", { name: d.name, room }), { about: `asks/${d.room}`, action: lookAt(d.room) });
  });
}

function hearOfOrder(): void {
  hear("room.kicked", ({ d }) => out(d.room, "kicked"));
  hear("room.banned", ({ d }) => out(d.room, "banned", d.until, d.reason));
  hear("room.unbanned", ({ d }) => {
    outOf.value = without(outOf.peek(), d.room);
    say(t("room.unbanned", { room: nameOfRoom(d.room) }));
  });
  hear("room.muted", ({ d }) => {
    mutedIn.value = new Map(mutedIn.peek()).set(d.room, d.until);
    if (!isAt(d.room, "room")) say(t("room.muted", { room: nameOfRoom(d.room), date: moment(d.until, serverNow()) }), { bad: true });
  });
  hear("room.unmuted", ({ d }) => {
    mutedIn.value = without(mutedIn.peek(), d.room);
    say(t("room.unmuted", { room: nameOfRoom(d.room) }));
  });
}

/** The invitation is learned first: only it says what the room is called. */
async function mayEnter(room: string, text: () => string): Promise<void> {
  await learnInvitations().catch(() => undefined);
  if (invitations.peek().has(room)) say(text(), isAt(room, "roomAbout") ? {} : { action: lookAt(room) });
}

function out(room: string, why: "kicked" | "banned", until: number | null = null, reason = ""): void {
  if (!mine.peek().has(room) && !outOf.peek().has(room)) return; // a ban before I ever came
  if (!isAt(room, "room")) say(t(`room.${why}`, { room: nameOfRoom(room) }), { bad: true });
  putOut(room, { why, until, reason });
}

function isAt(room: string, screen: "room" | "roomAbout"): boolean {
  return route.peek().screen === screen && route.peek().room === room;
}

function lookAt(room: string): { text: string; run: () => void } {
  return { text: t("room.look"), run: () => go({ screen: "roomAbout", room }) };
}
