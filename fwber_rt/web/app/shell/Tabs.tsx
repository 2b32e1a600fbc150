import type { Signal } from "@preact/signals";
import { format } from "../router/route.ts";
import { route } from "../router/router.ts";
import { SCREENS, TAB } from "../router/screens.ts";
import { unreadHere, unreadRooms } from "../state/conversations.ts";
import { t } from "../text.ts";
import { Icon } from "../ui/Icon.tsx";

const TABS = ["around", "rooms", "here", "me"] as const;

/** Where one can go: along the bottom of a phone, at the side of a wide screen. */
export function Tabs() {
  const screen = route.value.screen;
  const current = screen in SCREENS ? TAB[screen as keyof typeof TAB] : "around";
  return (
    <nav class="tabs" aria-label={t("nav.label")}>
      <span class="brand" aria-hidden="true"><Icon name="around" size={30} /></span>
      {TABS.map((tab) => (
        <a key={tab} href={format({ screen: tab })} class={tab === "me" ? "end" : undefined} aria-current={tab === current ? "page" : undefined}>
          <Icon name={tab} />
          <span>{t(`nav.${tab}`)}</span>
          <Unread count={tab === "rooms" ? unreadRooms : tab === "here" ? unreadHere : null} />
        </a>
      ))}
    </nav>
  );
}

function Unread({ count }: { count: Pick<Signal<number>, "value"> | null }) {
  const number = count?.value ?? 0;
  if (number === 0) return null;
  return <span class="unread"><span aria-hidden="true">{number > 99 ? "99+" : number}</span><span class="unseen">{t("nav.unread", { count: number })}</span></span>;
}
