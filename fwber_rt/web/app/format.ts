/** Numbers, sizes and times as people read them. */
import { locale, t } from "./text.ts";

const HOUR = { h12: "numeric", h11: "numeric" } as Record<string, "numeric">; // 9:05 AM, but 09:05
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hourCycle; // 12 or 24 hours: as the device

/** The time of day, and the day where it is not today. Milliseconds since the Unix epoch. */
export function moment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  const sameDay = then.toDateString() === today.toDateString();
  const day: Intl.DateTimeFormatOptions = sameDay ? {} : { day: "numeric", month: "short", ...(then.getFullYear() === today.getFullYear() ? {} : { year: "numeric" }) };
  return new Intl.DateTimeFormat(locale(), { ...day, hour: HOUR[clock ?? ""] ?? "2-digit", minute: "2-digit", ...(clock ? { hourCycle: clock } : {}) }).format(then);
}

let times: readonly [string, Intl.DateTimeFormat] | null = null;

/** The time of day alone. Called for every message, so the format is kept. */
export function timeOfDay(at: number): string {
  if (times?.[0] !== locale()) times = [locale(), new Intl.DateTimeFormat(locale(), { hour: HOUR[clock ?? ""] ?? "2-digit", minute: "2-digit", ...(clock ? { hourCycle: clock } : {}) })];
  return times[1].format(at);
}

/** The day alone. */
export function day(at: number): string {
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "long", year: "numeric" }).format(at);
}

/** How long: in the largest unit that fits. */
export function duration(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 90) return t("time.seconds", { count: seconds });
  const minutes = Math.round(seconds / 60);
  if (minutes < 90 && minutes !== 60) return t("time.minutes", { count: minutes });
  const hours = Math.round(minutes / 60);
  return hours < 48 && hours !== 24 ? t("time.hours", { count: hours }) : t("time.days", { count: Math.round(hours / 24) });
}

/** A distance on the ground, as coarse as it is worth. */
export function distance(metres: number): string {
  if (metres < 950) return t("distance.m", { count: Math.max(10, Math.round(metres / 10) * 10) });
  return t("distance.km", { count: number(metres / 1000, metres < 9500 ? 1 : 0) });
}

export function area(km2: number): string {
  return number(km2, km2 < 1 ? 2 : km2 < 100 ? 1 : 0);
}

export function bytes(count: number): string {
  return count < 999_500 ? t("size.kb", { count: number(count / 1000, count < 9950 ? 1 : 0) }) : t("size.mb", { count: number(count / 1e6, 1) });
}

function number(value: number, digits: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}
