import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function PrivacyScreen() {
  return <Pane title={t("privacy.title")}>{null}</Pane>;
}
