import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function MeScreen() {
  return <Pane title={t("me.title")}>{null}</Pane>;
}
