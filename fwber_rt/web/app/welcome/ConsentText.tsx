import { t } from "../text.ts";
import { Icon } from "../ui/Icon.tsx";
import { POINTS } from "./consent.ts";

/** The words somebody agrees to; their hash is what the server keeps. */
export function ConsentText() {
  return (
    <>
      <p>{t("consent.intro")}</p>
      <ul class="points">
        {POINTS.map((key) => <li key={key}><Icon name="check" size={22} /><span>{t(key)}</span></li>)}
      </ul>
    </>
  );
}
