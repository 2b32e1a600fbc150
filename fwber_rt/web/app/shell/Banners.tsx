import { effect, signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { link, reconnect, serverNow, who } from "../api.ts";
import { go } from "../router/router.ts";
import { keeps } from "../state/store.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { banner, type Banner } from "./banner.ts";

const TICK_MS = 1000;
const lostAt = signal<number | null>(null);
effect(() => {
  const open = link.value.state === "open";
  if (open) lostAt.value = null;
  else if (lostAt.peek() === null) lostAt.value = Date.now();
});

const ACTIONS: Record<Exclude<Banner["action"], null>, { text: "link.now" | "link.replaced.here" | "app.reload" | "me.keep"; run: () => void }> = {
  // The client takes it for the network coming back, and stops waiting.
  now: { text: "link.now", run: () => dispatchEvent(new Event("online")) },
  here: { text: "link.replaced.here", run: reconnect },
  reload: { text: "app.reload", run: () => location.reload() },
  keep: { text: "me.keep", run: () => go({ screen: "account" }) },
};

/** One line over the map, read out when it changes; nothing while all is well. What lies below is told how high it is. */
export function Banners() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return undefined;
    const seen = new ResizeObserver(([entry]) => document.documentElement.style.setProperty("--banners", `${Math.ceil(entry?.contentRect.height ?? 0)}px`));
    seen.observe(place.current);
    return () => seen.disconnect();
  }, []);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const me = who.value;
  const shown = banner({
    link: link.value, lostAt: lostAt.value, online: navigator.onLine, now, skewMs: serverNow() - Date.now(), endsAt: me.kind === "guest" ? me.until : null,
  });
  return (
    <div class="banners" ref={place}>
      <div role="status">{shown ? <Line banner={shown} /> : null}</div>
      {keeps ? null : <Unkept />}
    </div>
  );
}

function Line({ banner: { text, look, action } }: { banner: Banner }) {
  const act = action === null ? null : ACTIONS[action];
  return (
    <div class={`banner ${look}`}>
      {look === "" ? null : <Icon name="warn" size={18} />}
      <span>{text}</span>
      {act ? <Button look="small" onPress={act.run}>{t(act.text)}</Button> : null}
    </div>
  );
}

function Unkept() {
  const [seen, setSeen] = useState(false);
  if (seen) return null;
  return (
    <div class="banner">
      <span>{t("storage.off")}</span>
      <Button look="small" onPress={() => setSeen(true)}>{t("do.close")}</Button>
    </div>
  );
}
