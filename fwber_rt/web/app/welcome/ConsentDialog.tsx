import { ask } from "../api.ts";
import { know } from "../me/knowing.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { agreement } from "./consent.ts";
import { ConsentText } from "./ConsentText.tsx";

/** Asked of somebody who is in already: who registered, or who took their consent back. */
export function ConsentDialog({ onClose }: { onClose: () => void }) {
  const agree = async (): Promise<void> => {
    await ask("consent.give", agreement());
    await know();
    onClose();
  };
  return (
    <Dialog title={t("consent.title")} onClose={onClose}>
      <ConsentText />
      <div class="ends">
        <Button look="quiet" onPress={onClose}>{t("consent.later")}</Button>
        <Button look="main" onPress={agree}>{t("consent.agree")}</Button>
      </div>
    </Dialog>
  );
}
