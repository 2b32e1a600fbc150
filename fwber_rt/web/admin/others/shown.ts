/** Settings as people read them. */
import { duration } from "../../app/format.ts";

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

/** A value with its unit, one of them in the singular; a long time also as people say it, where that is exactly as long. */
export function shown(value: string, unit: string): string {
  const plain = /^-?\d+\.0$/.test(value) ? value.slice(0, -2) : value;
  const seconds = unit === "seconds" ? Number(plain) : 0;
  return [plain, plain === "1" ? unit.replace(/^([a-z]+)s$/, "$1") : unit, isRound(seconds) ? `(${duration(seconds * 1000)})` : ""].filter(Boolean).join(" ");
}

function isRound(seconds: number): boolean {
  if (seconds < 2 * MINUTE) return false;
  return seconds % DAY === 0 || (seconds % HOUR === 0 && seconds < 2 * DAY) || (seconds % MINUTE === 0 && seconds < 1.5 * HOUR);
}
