import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function DevicesScreen() {
  return <Pane title={t("devices.title")}>{null}</Pane>;
}
