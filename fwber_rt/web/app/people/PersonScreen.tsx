import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function PersonScreen() {
  return <Pane title={t("nav.around")}>{null}</Pane>;
}
