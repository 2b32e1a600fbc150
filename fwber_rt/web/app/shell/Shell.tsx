import { useEffect } from "preact/hooks";
import { Stage } from "../map/Stage.tsx";
import { route } from "../router/router.ts";
import { SCREENS } from "../router/screens.ts";
import { placing } from "../state/place.ts";
import { sheetSize } from "../state/sheet.ts";
import { t } from "../text.ts";
import { Banners } from "./Banners.tsx";
import { Guard } from "./Guard.tsx";
import { Sheet } from "./Sheet.tsx";
import { Tabs } from "./Tabs.tsx";

/** Conversations need the height of a phone; lists, and what is put on the map, leave the map half of it. */
const TALL = new Set(["room", "here", "roomAbout", "privacy", "account", "devices", "data", "hidden", "look", "profile", "me"]);

/** Everything once somebody is in: tabs, the panel with the screen of the route, the map. */
export function Shell() {
  const now = route.value;
  const screen = now.screen in SCREENS ? (now.screen as keyof typeof SCREENS) : "around";
  const Current = SCREENS[screen];
  useEffect(() => { sheetSize.value = TALL.has(screen) ? "full" : "half"; }, [screen]);
  return (
    <div class={placing.value ? "shell placing" : "shell"}>
      <a class="skip button" href="#panel" onClick={skip}>{t("app.skip")}</a>
      <Tabs />
      <Sheet><Guard key={`${screen}/${now.user ?? ""}${now.room ?? ""}`}><Current route={now} /></Guard></Sheet>
      <Stage />
      <Banners />
    </div>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("panel")?.focus();
}
