import { format, type Route } from "../router/route.ts";
import { mine } from "../state/rooms.ts";
import { t } from "../text.ts";
import { Name } from "../ui/Name.tsx";
import { Pane } from "../ui/Pane.tsx";

export function RoomScreen({ route }: { route: Route }) {
  const room = mine.value.get(route.room ?? "");
  const about = <a class="button small" href={format({ screen: "roomAbout", ...(route.room ? { room: route.room } : {}) })}>{t("room.about")}</a>;
  return <Pane title={room ? <Name name={room.name} /> : t("room.one")} from={{ screen: "rooms" }} tools={about}>{null}</Pane>;
}
