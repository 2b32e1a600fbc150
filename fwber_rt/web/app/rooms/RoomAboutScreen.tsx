import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function RoomAboutScreen() {
  return <Pane title={t("nav.rooms")}>{null}</Pane>;
}
