import { t } from "../text.ts";

export function Welcome() {
  return <main class="welcome"><div class="box"><h1>{t("welcome.title")}</h1></div></main>;
}
