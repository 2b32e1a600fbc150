import type { ComponentChildren } from "preact";
import { format } from "../router/route.ts";
import { ghost, located, shown } from "../state/place.ts";
import { t } from "../text.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Pane } from "../ui/Pane.tsx";
import { HERE } from "./marks.ts";
import { Talk } from "./Talk.tsx";
import { Unsent } from "./Unsent.tsx";

/** What is said in the hexagons around me. */
export function HereScreen() {
  if (!located.value) return <Off icon="here" title={t("around.off")}>{t("talk.off.what")}</Off>;
  if (ghost.value) return <Off icon="ghost" title={t("around.ghost")}>{t("talk.ghost.what")}</Off>;
  const closed = shown.value === null ? t("around.pending.what") : undefined;
  return (
    <Pane title={t("here.title")} scrolls={false}>
      <Talk id={HERE} closed={closed} note={t("here.what")} />
    </Pane>
  );
}

function Off({ icon, title, children }: { icon: IconName; title: string; children: ComponentChildren }) {
  return (
    <Pane title={t("here.title")}>
      <div class="empty">
        <Icon name={icon} size={44} />
        <p class="strong">{title}</p>
        <p class="small">{children}</p>
        <Unsent id={HERE} />
        <a class="button main" href={format({ screen: "around" })}>{t("around.title")}</a>
      </div>
    </Pane>
  );
}
