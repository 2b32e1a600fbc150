import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function HiddenScreen() {
  return <Pane title={t("hidden.title")}>{null}</Pane>;
}
