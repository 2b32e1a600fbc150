/** What the state of the connection and of this device means for the person: one line at most, the most urgent. */
import { Closed } from "../../client/index.ts";
import type { Link } from "../api.ts";
import { duration, moment } from "../format.ts";
import { t } from "../text.ts";

export interface Banner {
  readonly text: string;
  readonly look: "" | "warn" | "bad";
  /** What can be done: try now, take the connection over here, load the page anew, make an account. */
  readonly action: "now" | "here" | "reload" | "keep" | null;
}

export interface Facts {
  readonly link: Link;
  /** When the connection was lost, by the device's clock; null while there is one. */
  readonly lostAt: number | null;
  readonly online: boolean;
  /** The device's clock, and how far the server's is ahead of it. */
  readonly now: number;
  readonly skewMs: number;
  /** When a guest's visit ends, by the server's clock; null for accounts. */
  readonly endsAt: number | null;
}

const PATIENCE_MS = 1500; // a reconnect that takes no longer is not worth a word
const GONE_MS = 10 * 60_000;
const SKEW_MS = 90_000;
const SOON_MS = 24 * 3_600_000;
const REPLACED = 4011;
const PROTOCOL = 4001;

export function banner(facts: Facts): Banner | null {
  return ofEnd(facts) ?? ofLoss(facts) ?? ofTime(facts);
}

function ofEnd({ link }: Facts): Banner | null {
  if (link.state !== "closed" || !(link.why instanceof Closed)) return null;
  if (link.why.code === REPLACED) return { text: t("link.replaced"), look: "warn", action: "here" };
  return { text: t("link.protocol"), look: "bad", action: link.why.code === PROTOCOL ? "reload" : "here" };
}

function ofLoss({ link, lostAt, online, now }: Facts): Banner | null {
  if (lostAt === null || link.state === "open" || link.state === "none") return null;
  const lost = now - lostAt;
  if (lost < PATIENCE_MS) return null;
  const time = moment(lostAt, now);
  if (!online) return { text: t("link.device", { time }), look: "warn", action: null };
  if (lost >= GONE_MS) return { text: t("link.gone", { duration: duration(lost) }), look: "bad", action: "now" };
  if (link.retryAt === null) return { text: t(link.state === "connecting" ? "link.connecting" : "link.resuming"), look: "", action: null };
  return { text: t("link.offline", { time }), look: "warn", action: "now" };
}

function ofTime({ skewMs, endsAt, now }: Facts): Banner | null {
  const left = endsAt === null ? Infinity : endsAt - (now + skewMs);
  if (left < SOON_MS) {
    const when = left > 0 ? t("time.in", { duration: duration(left) }) : t("time.now");
    return { text: t("link.expires", { when }), look: "warn", action: "keep" };
  }
  return Math.abs(skewMs) >= SKEW_MS ? { text: t("link.skew", { duration: duration(skewMs) }), look: "", action: null } : null;
}
