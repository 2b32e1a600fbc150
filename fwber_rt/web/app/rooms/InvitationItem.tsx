import type { MyInvitation } from "../../client/index.ts";
import { ask, serverNow } from "../api.ts";
import { moment } from "../format.ts";
import { format } from "../router/route.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { Say } from "../ui/Say.tsx";
import { learnInvitations } from "./belonging.ts";

/** A room I am invited to or was let into; what joining tells is said on its page. */
export function InvitationItem({ invitation: { room, name, until } }: { invitation: MyInvitation }) {
  const decline = async (): Promise<void> => {
    await ask("room.invitation.decline", { room: room.room });
    await learnInvitations();
  };
  return (
    <li class="item wraps">
      <span class="disc"><Icon name="rooms" /></span>
      <span class="texts">
        <a class="line" href={format({ screen: "roomAbout", room: room.room })}><Name name={room.name} /></a>
        <span class="second">{name ? <Say text="invitation.by" values={{ name: <Name name={name} /> }} /> : t("invitation.granted")} · {t("invitation.until", { date: moment(until, serverNow()) })}</span>
      </span>
      <Button look="quiet small" onPress={decline}>{t("invitation.decline")}</Button>
    </li>
  );
}
