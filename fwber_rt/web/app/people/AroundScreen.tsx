import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function AroundScreen() {
  return <Pane title={t("around.title")}>{null}</Pane>;
}
