/** What somebody agrees to, word for word, and the name of that wording. */
import { t, type Key } from "../text.ts";
import type { Consent } from "../../client/index.ts";
import { sha256 } from "./sha256.ts";

export const POINTS: readonly Key[] = ["consent.text.use", "consent.text.memory", "consent.text.others", "consent.text.withdraw"];

/** Consent to the use of the location, in the words shown. */
export function agreement(): Consent {
  const words = ["consent.intro" as const, ...POINTS].map((key) => t(key)).join("\n");
  return { purpose: "location", text_hash: `sha256:${sha256(words)}` };
}
