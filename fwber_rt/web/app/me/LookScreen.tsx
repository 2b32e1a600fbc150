import { permission, turnOff, turnOn, wanted } from "../notify.ts";
import { chooseLook, look, LOOKS } from "../state/look.ts";
import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";
import { Switch } from "../ui/Switch.tsx";

/** Dark or light, and notifications. */
export function LookScreen() {
  const allowed = permission.value;
  return (
    <Pane title={t("look.title")} from={{ screen: "me" }}>
      <fieldset class="section">
        <legend><h2>{t("look.colours")}</h2></legend>
        <div class="choices">
          {LOOKS.map((each) => (
            <label key={each} class="choice slim">
              <input type="radio" name="look" checked={look.value === each} onChange={() => chooseLook(each)} />
              <span>{t(`look.${each}`)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <section class="section">
        <h2>{t("look.notify")}</h2>
        <Switch label={t("look.notify.what")} on={wanted.value && allowed === "granted"} disabled={allowed === "absent"} onChange={(on) => { if (on) void turnOn(); else turnOff(); }} />
        <div role="status">
          {allowed === "denied" ? <p class="small soft">{t("look.notify.refused")}</p> : null}
          {allowed === "absent" ? <p class="small soft">{t("look.notify.absent")}</p> : null}
        </div>
      </section>
    </Pane>
  );
}
