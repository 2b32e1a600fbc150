import { t } from "../text.ts";
import { Switch } from "../ui/Switch.tsx";
import { share, sharing } from "./reading.ts";

/** Whether rooms are told how far I have read in them. */
export function ReadSection() {
  return (
    <section class="section">
      <h2>{t("talk.share.title")}</h2>
      <Switch label={t("talk.share")} hint={t("talk.share.what")} on={sharing.value} onChange={share} />
    </section>
  );
}
