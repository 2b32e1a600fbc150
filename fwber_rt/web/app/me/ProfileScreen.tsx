import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function ProfileScreen() {
  return <Pane title={t("profile.title")}>{null}</Pane>;
}
