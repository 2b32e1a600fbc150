import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Guard } from "../app/shell/Guard.tsx";
import { Button } from "../app/ui/Button.tsx";
import { Icon, type IconName } from "../app/ui/Icon.tsx";
import { Name } from "../app/ui/Name.tsx";
import { session, who } from "./api.ts";
import { AuditScreen } from "./others/AuditScreen.tsx";
import { RoomsScreen } from "./others/RoomsScreen.tsx";
import { SettingsScreen } from "./others/SettingsScreen.tsx";
import { ReportsScreen } from "./reports/ReportsScreen.tsx";
import { ReportScreen } from "./reports/ReportScreen.tsx";
import { route, SCREENS, to, type Screen } from "./route.ts";
import { t, type Key } from "./text.ts";
import { UsersScreen } from "./users/UsersScreen.tsx";
import { UserScreen } from "./users/UserScreen.tsx";
import { Overview } from "./watch/Overview.tsx";

const LOOKS: Record<Screen, { icon: IconName; text: Key; list: ComponentType; one?: ComponentType<{ id: string }> }> = {
  overview: { icon: "around", text: "nav.overview", list: Overview },
  reports: { icon: "flag", text: "nav.reports", list: ReportsScreen, one: ReportScreen },
  users: { icon: "me", text: "nav.users", list: UsersScreen, one: UserScreen },
  rooms: { icon: "rooms", text: "nav.rooms.all", list: RoomsScreen },
  settings: { icon: "shield", text: "nav.settings", list: SettingsScreen },
  audit: { icon: "lines", text: "nav.audit", list: AuditScreen },
};

/** The page of somebody who may see it: sections at the side, one screen beside them. */
export function Desk() {
  const { screen, id } = route.value;
  const main = useRef<HTMLElement>(null);
  const { list: List, one: One, text } = LOOKS[screen];
  useEffect(() => {
    document.title = `${t(text)} · ${t("op.title")}`;
    main.current?.scrollTo(0, 0);
  }, [screen, id]);
  return (
    <div class="desk">
      <a class="skip" href={location.hash || "#/"} onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>{t("op.skip")}</a>
      <Sections current={screen} />
      <main ref={main} tabIndex={-1}>
        <Guard key={`${screen}/${id}`}>{id && One ? <One id={id} /> : <List />}</Guard>
      </main>
    </div>
  );
}

function Sections({ current }: { current: Screen }) {
  const me = who.value;
  return (
    <header class="sections">
      <p class="brand"><Icon name="hexagon" size={20} /> {t("op.title")}</p>
      <nav aria-label={t("op.sections")}>
        {SCREENS.map((screen) => (
          <a key={screen} href={to(screen)} aria-current={screen === current ? "page" : undefined}>
            <Icon name={LOOKS[screen].icon} size={18} />
            <span>{t(LOOKS[screen].text)}</span>
          </a>
        ))}
      </nav>
      <div class="who">
        {me.kind === "nobody" ? null : <span class="small soft"><Name name={me.user.name} /></span>}
        <Button look="quiet small" onPress={() => session.signOut()}>{t("op.out")}</Button>
      </div>
    </header>
  );
}
