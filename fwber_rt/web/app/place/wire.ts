/** Fixes and points as they travel and as they are kept. */
import type { Fix as WireFix } from "../../client/index.ts";
import type { Point } from "../map/mercator.ts";
import type { Fix } from "../state/place.ts";

const MOST_ACCURACY_M = 1_000_000;

/** The fix as the server takes it: nothing out of range, nothing unknown. */
export function toWire(fix: Fix): WireFix {
  const sent: WireFix = { lat: fix.lat, lng: fix.lng, accuracy_m: Math.min(MOST_ACCURACY_M, Math.max(0, fix.accuracyM)) };
  if (fix.headingDeg !== null && fix.headingDeg >= 0 && fix.headingDeg <= 360) sent.heading = fix.headingDeg;
  if (fix.speedMps !== null && fix.speedMps >= 0 && fix.speedMps <= 10_000) sent.speed_mps = fix.speedMps;
  return sent;
}

/** "52.52, 13.405", "52.52 13.405" or "52,52; 13,405"; null for anything that is no point on Earth. */
export function readPoint(text: string): Point | null {
  const clean = text.trim().replaceAll("°", "");
  const parts = clean.includes(";") ? clean.split(";").map((part) => part.replace(",", ".")) : clean.split(/[,\s]+/);
  const [lat, lng, more] = parts.map((part) => part.trim()).filter(Boolean);
  if (lat === undefined || lng === undefined || more !== undefined) return null;
  return isPoint({ lat: Number(lat), lng: Number(lng) });
}

/** The point, wherever the value came from; null when it is none. */
export function isPoint(value: unknown): Point | null {
  if (typeof value !== "object" || value === null) return null;
  const { lat, lng } = value as { lat?: unknown; lng?: unknown };
  if (typeof lat !== "number" || typeof lng !== "number") return null;
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : null;
}
