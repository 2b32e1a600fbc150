import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function HereScreen() {
  return <Pane title={t("nav.here")}>{null}</Pane>;
}
