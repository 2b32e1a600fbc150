import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { leave } from "../place/being.ts";
import { say } from "../state/notices.ts";
import { consented } from "../state/place.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { agreement } from "../welcome/consent.ts";
import { ConsentDialog } from "../welcome/ConsentDialog.tsx";

/** Whether I agreed to the use of my location, and taking that back. */
export function ConsentSection() {
  const [open, setOpen] = useState<"give" | "withdraw" | null>(null);
  const close = (): void => setOpen(null);
  const withdraw = async (): Promise<void> => {
    await ask("consent.withdraw", agreement());
    consented.value = false;
    leave();
    say(t("consent.withdrawn"));
    close();
  };
  const given = consented.value === true;
  return (
    <section class="section">
      <h2>{t("privacy.consent")}</h2>
      <p class="soft small">{t(given ? "privacy.consent.given" : "consent.needed")}</p>
      <div class="row">
        {given
          ? <Button look="small" onPress={() => setOpen("withdraw")}>{t("privacy.consent.withdraw")}</Button>
          : <Button look="main small" disabled={consented.value === null} onPress={() => setOpen("give")}>{t("consent.review")}</Button>}
      </div>
      {open === "give" ? <ConsentDialog onClose={close} /> : null}
      {open === "withdraw" ? (
        <Dialog title={t("privacy.consent.withdraw.sure")} onClose={close}>
          <p>{t("privacy.consent.withdraw.what")}</p>
          <div class="ends">
            <Button look="quiet" onPress={close}>{t("do.cancel")}</Button>
            <Button look="danger" onPress={withdraw}>{t("privacy.consent.withdraw")}</Button>
          </div>
        </Dialog>
      ) : null}
    </section>
  );
}
