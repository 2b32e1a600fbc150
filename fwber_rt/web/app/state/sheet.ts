/** How much of a phone's screen the panel takes. */
import { signal } from "@preact/signals";

export const SIZES = ["peek", "half", "full"] as const;
export type Size = (typeof SIZES)[number];

export const sheetSize = signal<Size>("half");
