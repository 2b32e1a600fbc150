import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function LookScreen() {
  return <Pane title={t("look.title")}>{null}</Pane>;
}
