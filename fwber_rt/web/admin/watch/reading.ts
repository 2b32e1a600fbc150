/** The figures as they are shown: what each is now, and how it was. */
import { bytes, duration } from "../../app/format.ts";
import { locale } from "../../app/text.ts";
import type { Distribution, Figures } from "../../client/index.ts";
import { t, type Key } from "../text.ts";
import { perSecond, quantile, type Counter } from "./rates.ts";
import { EVERY_S, RECENT_S } from "./watching.ts";

export interface Reading {
  readonly key: Key;
  readonly text: string;
  /** Its values over time, oldest first, where they are worth a line. */
  readonly line?: readonly number[];
}

type Size = { [K in keyof Figures]: Figures[K] extends number ? K : never }[keyof Figures];
type Spread = { [K in keyof Figures]: Figures[K] extends Distribution ? K : never }[keyof Figures];

export function count(value: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

export function milliseconds(seconds: number): string {
  const ms = seconds * 1000;
  return t("unit.ms", { count: new Intl.NumberFormat(locale(), { maximumSignificantDigits: ms < 100 ? 2 : 3 }).format(ms) });
}

/** How many there are. */
function size(key: Key, all: readonly Figures[], of: Size, text: (value: number) => string = count): Reading {
  const values = all.map((figures) => figures[of]);
  return { key, text: text(values.at(-1) ?? 0), line: values };
}

/** How fast a counter grows. */
function rate(key: Key, all: readonly Figures[], of: Counter, text: (value: number) => string = count): Reading {
  const line = all.slice(1).map((figures, place) => perSecond(all[place] ?? figures, figures, of));
  return { key, text: line.length === 0 ? t("unit.none") : text(line.at(-1) ?? 0), line };
}

/** What 99 in 100 took at most. */
function slowest(key: Key, all: readonly Figures[], of: Spread): Reading {
  const back = RECENT_S / EVERY_S;
  const found = all.map((figures, place) => quantile((all[Math.max(0, place - back)] ?? figures)[of], figures[of], 0.99));
  const now = found.at(-1);
  const text = now ? (now.over ? t("unit.over", { value: milliseconds(now.seconds) }) : milliseconds(now.seconds)) : t("unit.none");
  return { key, text, line: found.slice(1).map((each) => each?.seconds ?? 0) };
}

/** The figures by section, from at least one record. */
export function read(all: readonly Figures[]): { readonly title: Key; readonly readings: readonly Reading[] }[] {
  const now = all.at(-1);
  if (!now) return [];
  const people: Reading[] = [
    size("figure.connections", all, "connections"), size("figure.people", all, "people"), size("figure.located", all, "located"),
    size("figure.rooms", all, "rooms"), rate("figure.messages", all, "messages"), rate("figure.deliveries", all, "deliveries"),
    rate("figure.frames_in", all, "frames_in"), rate("figure.bytes_out", all, "bytes_out", bytes),
  ];
  const waits: Reading[] = [
    size("figure.journal_queue", all, "journal_queue"), size("figure.held_effects", all, "held_effects"),
    size("figure.outbound_bytes", all, "outbound_bytes", bytes), size("figure.slow_sessions", all, "slow_sessions"),
    size("figure.slow_closes", all, "slow_closes"), size("figure.mail_waiting", all, "mail_waiting"),
    size("figure.passwords_waiting", all, "passwords_waiting"),
  ];
  const sizes: Reading[] = [
    size("figure.memory", all, "memory_bytes", bytes), size("figure.database", all, "database_bytes", bytes),
    size("figure.wal", all, "wal_bytes", bytes), size("figure.window", all, "window_bytes", bytes),
    { key: "figure.snapshot", text: duration(now.snapshot_age_s * 1000) }, { key: "figure.uptime", text: duration(now.uptime_s * 1000) },
    { key: "figure.version", text: now.version },
  ];
  return [
    { title: "watch.people", readings: people },
    { title: "watch.speed", readings: [slowest("figure.lag", all, "loop_lag"), slowest("figure.commit", all, "commit")] },
    { title: "watch.waits", readings: waits },
    { title: "watch.sizes", readings: sizes },
  ];
}
