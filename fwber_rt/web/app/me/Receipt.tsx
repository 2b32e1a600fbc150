import { session } from "../api.ts";
import { moment } from "../format.ts";
import { farewell } from "../state/farewell.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";

/** The end: when it will be done, and what asks for the proof. */
export function Receipt() {
  const done = farewell.value;
  if (!done) return null;
  const leave = (): void => {
    farewell.value = null;
    session.end(null);
  };
  return (
    <Dialog title={t("data.deleted")} onClose={leave}>
      <p>{t("data.deleted.what", { date: moment(done.until, Date.now()) })}</p>
      <p class="mono">{done.receipt}</p>
      <div class="ends"><Button look="main" onPress={leave}>{t("data.deleted.leave")}</Button></div>
    </Dialog>
  );
}
