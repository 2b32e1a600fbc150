import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";

export function AccountScreen() {
  return <Pane title={t("account.title")}>{null}</Pane>;
}
