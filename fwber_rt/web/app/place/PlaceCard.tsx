import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { link } from "../api.ts";
import { areaKm2 } from "../map/hexagons.ts";
import { format } from "../router/route.ts";
import { go } from "../router/router.ts";
import { area, distance } from "../format.ts";
import { say } from "../state/notices.ts";
import { cell, consented, finding, fix, ghost, located, sharing, shown, source } from "../state/place.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { ConsentDialog } from "../welcome/ConsentDialog.tsx";
import { vanish } from "./being.ts";
import { myLevel } from "./preview.ts";
import { sizeText } from "./size.ts";
import { PlaceChoice } from "./PlaceChoice.tsx";

const ROUGH_M = 1500;
const TITLE = "place-title";

/** How I am seen right now, and the button that ends it. What replaces a button that was pressed here is focused as a whole. */
export function PlaceCard() {
  return <section data-lands tabIndex={-1} aria-labelledby={TITLE}><Now /></section>;
}

function Now() {
  if (consented.value === false) {
    return <Card icon="vanish" title={t("around.off")} text={t("consent.needed")}><AskConsent /></Card>;
  }
  if (fix.value === null && !located.value) return <Card icon="vanish" title={t("around.off")} text={`${t("around.off.what")} ${sizeText("place.would", myLevel.value)}`}><PlaceChoice /><div class="row"><a class="button quiet small" href={format({ screen: "privacy" })}>{t("place.precision")}</a></div></Card>;
  return <Seen />;
}

function Seen() {
  return (
    <Card mine {...looks()}>
      <Rough />
      <div class="row">
        <Button look="small" title={t("around.vanish.what")} onPress={vanishSaid}><Icon name="vanish" size={18} />{t("around.vanish")}</Button>
        <Button look="quiet small" onPress={() => go({ screen: "privacy" })}>{t("privacy.title")}</Button>
      </div>
    </Card>
  );
}

function AskConsent() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <div class="row"><Button look="main small" onPress={() => setOpen(true)}>{t("consent.review")}</Button></div>
      {open ? <ConsentDialog onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function looks(): { icon: IconName; title: string; text: string } {
  if (finding.value && cell.value === null) return { icon: "locate", title: t("place.finding"), text: "" };
  if (ghost.value) return { icon: "ghost", title: t("around.ghost"), text: t("ghost.what") };
  if (shown.value !== null) {
    const size = t("around.shown.size", { area: area(areaKm2(shown.value)), when: t("around.shown.follow") });
    return { icon: "hexagon", title: t("around.shown"), text: size };
  }
  if (cell.value !== null && sharing.value?.zones.some((zone) => zone.hide && zone.cell === cell.value)) {
    return { icon: "home", title: t("around.zone"), text: t("around.zone.what") };
  }
  return { icon: "hexagon", title: t("around.pending"), text: t("around.pending.what") };
}

function Rough() {
  const now = fix.value;
  if (source.value !== "device" || !now || now.accuracyM < ROUGH_M) return null;
  return <p class="small">{t("place.rough", { distance: distance(now.accuracyM) })}</p>;
}

async function vanishSaid(): Promise<void> {
  if (link.peek().state !== "open") say(t("around.vanishing"), { about: "vanish" });
  await vanish();
  say(t("around.vanished"), { about: "vanish" });
}

function Card({ icon, title, text, mine = false, children }: { icon: IconName; title: string; text: string; mine?: boolean; children: ComponentChildren }) {
  return (
    <div class={mine ? "card here-card stack close" : "card stack close"}>
      <div class="row tight">
        <span class={mine ? "hex" : "soft"}><Icon name={icon} size={28} /></span>
        <div class="grow">
          <p class="strong" id={TITLE} role="status">{title}</p>
          {text ? <p class="small soft">{text}</p> : null}
        </div>
      </div>
      {children}
    </div>
  );
}
