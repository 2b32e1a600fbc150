import { SIZES, type Size } from "../state/sheet.ts";

const SHARES: Record<Size, number> = { peek: 0.18, half: 0.46, full: 0.92 };

/** The size a sheet let go at this height settles to. */
export function nearestSize(height: number, screen: number): Size {
  const share = height / Math.max(1, screen);
  return SIZES.reduce((best, size) => (Math.abs(SHARES[size] - share) < Math.abs(SHARES[best] - share) ? size : best));
}
