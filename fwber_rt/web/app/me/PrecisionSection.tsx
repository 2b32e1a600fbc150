import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { explain } from "../explain.ts";
import { sizeText } from "../place/size.ts";
import { config } from "../state/config.ts";
import { wish } from "../state/map.ts";
import { say } from "../state/notices.ts";
import { sharing, shown } from "../state/place.ts";
import { t, type Key } from "../text.ts";
import { Switch } from "../ui/Switch.tsx";

/** The levels of the deployment, finest first, and being a ghost. Choosing takes effect; it is not saved apart. */
export function PrecisionSection() {
  const [wanted, setWanted] = useState<number | null>(null);
  const now = sharing.value;
  const levels = (now?.choices ?? [config.value.resolution, ...config.value.coarser]).filter(Boolean);
  const chosen = wanted ?? now?.res ?? null;
  const [level, setLevel] = useState(chosen || (levels[0] ?? 0)); // where a ghost comes back to
  const choose = async (res: number): Promise<void> => {
    setWanted(res);
    if (res) setLevel(res);
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
    <section class="section">
      <fieldset disabled={now === null}>
        <legend><h2>{t("privacy.precision")}</h2></legend>
        <p class="soft small">{t("privacy.precision.what")}</p>
        <div class="choices">
          {levels.map((res, place) => (
            <label key={res} class="choice">
              <input type="radio" name="res" checked={(chosen || level) === res} onChange={() => void choose(res)} />
              <span class="strong">{t(title(place, levels.length))}</span>
              <span class="explain">{sizeText("privacy.level.what", res)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <Switch label={t("privacy.ghost.switch")} hint={t("ghost.what")} on={chosen === 0} disabled={now === null} onChange={(on) => void choose(on ? 0 : level)} />
    </section>
  );
}

function title(place: number, levels: number): Key {
  if (place === 0) return "privacy.level.finest";
  return place === levels - 1 ? "privacy.level.coarsest" : "privacy.level.middle";
}
