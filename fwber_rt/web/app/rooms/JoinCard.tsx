import { useState } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { ask, serverNow } from "../api.ts";
import { moment } from "../format.ts";
import { format } from "../router/route.ts";
import { go } from "../router/router.ts";
import { say } from "../state/notices.ts";
import { located } from "../state/place.ts";
import { invitations, outOf, requested } from "../state/rooms.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Name } from "../ui/Name.tsx";
import { Say } from "../ui/Say.tsx";
import { Switch } from "../ui/Switch.tsx";
import { request, withdraw } from "./asking.ts";
import { belong, learnInvitations } from "./belonging.ts";
import { OutText } from "./OutText.tsx";

/** Coming in: what its members then know of me is said before, and asked for where it is more than a name. */
export function JoinCard({ room }: { room: RoomView }) {
  const invitation = invitations.value.get(room.room);
  const out = outOf.value.get(room.room);
  if (out?.why === "banned" && (out.until === null || out.until > serverNow())) return <section class="card bad stack close"><OutText out={out} /></section>;
  if (room.visibility !== "public" && !invitation) return <AskCard room={room} />;
  return (
    <section class="card stack close">
      {invitation ? (
        <p>
          {invitation.name ? <Say text="invitation.by" values={{ name: <Name name={invitation.name} /> }} /> : t("invitation.granted")}
          {" · "}{t("invitation.until", { date: moment(invitation.until, serverNow()) })}
        </p>
      ) : null}
      <Join room={room} invited={invitation !== undefined} />
    </section>
  );
}

function Join({ room, invited }: { room: RoomView; invited: boolean }) {
  const [accepts, setAccepts] = useState(false);
  const join = async (): Promise<void> => {
    const request = { room: room.room, ...(room.precise ? { accept_precise: accepts } : {}) };
    const joined = await ask(invited ? "room.invitation.accept" : "room.join", request);
    belong(joined.room);
    say(t("room.joined", { room: joined.room.name }));
    go({ screen: "room", room: room.room });
  };
  const decline = async (): Promise<void> => {
    await ask("room.invitation.decline", { room: room.room });
    await learnInvitations();
  };
  return (
    <>
      <p class="strong">{t("join.discloses")}</p>
      <ul class="points-plain">
        <li>{t("join.discloses.name")}</li>
        <li>{t("join.discloses.role")}</li>
        {room.precise ? <li>{t("join.discloses.inside")}</li> : null}
      </ul>
      {room.precise ? <Switch label={t("join.precise")} hint={t("join.precise.what")} on={accepts} onChange={setAccepts} /> : null}
      {located.value ? null : <p class="soft small">{t("join.unplaced")} <a href={format({ screen: "around" })}>{t("around.title")}</a></p>}
      <div class="row">
        <Button look="main" disabled={!located.value || (room.precise && !accepts)} onPress={join}>{t(invited ? "invitation.accept" : "room.join")}</Button>
        {invited ? <Button look="quiet" onPress={decline}>{t("invitation.decline")}</Button> : null}
      </div>
    </>
  );
}

/** A closed room, without an invitation. */
function AskCard({ room }: { room: RoomView }) {
  const asked = requested.value.has(room.room);
  const send = async (): Promise<void> => {
    await request(room.room);
    say(t("request.sent"));
  };
  return (
    <section class="card stack close">
      <p>{t(asked ? "request.waits" : "request.what")}</p>
      <div class="row">
        {asked ? <Button onPress={() => withdraw(room.room)}>{t("request.withdraw")}</Button> : <Button look="main" onPress={send}>{t("request.send")}</Button>}
      </div>
    </section>
  );
}
