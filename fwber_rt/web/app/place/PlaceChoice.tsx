import { centre } from "../map/hexagons.ts";
import { config } from "../state/config.ts";
import { finding, placing, trouble, type Trouble } from "../state/place.ts";
import { t, type Key } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { useDevice, useHand } from "./being.ts";

const WORDS: Record<Trouble, readonly [Key, Key]> = {
  denied: ["place.denied", "place.denied.next"],
  absent: ["place.absent", "place.absent.next"],
  insecure: ["place.insecure", "place.absent.next"],
  slow: ["place.slow", "place.slow.next"],
};

/** The two ways onto the map, and what is wrong with the first. */
export function PlaceChoice() {
  const wrong = trouble.value;
  const demo = config.value.demo;
  return (
    <div class="stack close">
      <div role="alert">{wrong ? <p class="small"><span class="strong">{t(WORDS[wrong][0])}</span> {t(WORDS[wrong][1])}</p> : null}</div>
      <div class="row">
        {demo ? <Button look="main small" onPress={() => useHand(centre(demo))}><Icon name="around" size={18} />{t("demo.join")}</Button> : null}
        <Button look={wrong || demo ? "small" : "main small"} disabled={finding.value} onPress={useDevice}>
          {finding.value ? <span class="spinner" aria-hidden="true" /> : <Icon name="locate" size={18} />}
          {finding.value ? t("place.finding") : t("place.use")}
        </Button>
        <Button look={wrong && !demo ? "main small" : "small"} onPress={() => { placing.value = true; }}><Icon name="hand" size={18} />{t("place.hand")}</Button>
      </div>
    </div>
  );
}
