import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { explain } from "../explain.ts";
import { sizeText } from "../place/size.ts";
import { config } from "../state/config.ts";
import { wish } from "../state/map.ts";
import { say } from "../state/notices.ts";
import { sharing, shown } from "../state/place.ts";
import { t, type Key } from "../text.ts";

/** The levels of the deployment, finest first, and ghost. Choosing one takes effect; it is not saved apart. */
export function PrecisionSection() {
  const [wanted, setWanted] = useState<number | null>(null);
  const now = sharing.value;
  const choices = now?.choices ?? [config.value.resolution, ...config.value.coarser, 0];
  const chosen = wanted ?? now?.res ?? null;
  const choose = async (res: number): Promise<void> => {
    setWanted(res);
    try {
      const after = await ask("location.precision", { res });
      sharing.value = after;
      shown.value = after.shown;
      if (after.shown) wish.value = [after.shown]; // at its true size
    } catch (error) {
      say(explain(error), { bad: true });
    } finally {
      setWanted(null);
    }
  };
  return (
    <fieldset class="section" disabled={now === null}>
      <legend><h2>{t("privacy.precision")}</h2></legend>
      <p class="soft small">{t("privacy.precision.what")}</p>
      <div class="choices">
        {choices.map((res, place) => (
          <label key={res} class="choice">
            <input type="radio" name="res" checked={chosen === res} onChange={() => void choose(res)} />
            <span class="strong">{res === 0 ? t("privacy.ghost") : t(title(place, choices.filter(Boolean).length))}</span>
            <span class="explain">{res === 0 ? t("privacy.ghost.what") : sizeText("privacy.level.what", res)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function title(place: number, levels: number): Key {
  if (place === 0) return "privacy.level.finest";
  return place === levels - 1 ? "privacy.level.coarsest" : "privacy.level.middle";
}
