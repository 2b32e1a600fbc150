import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function DataScreen() {
  return <Pane title={t("data.title")}>{null}</Pane>;
}
