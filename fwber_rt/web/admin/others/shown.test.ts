import { expect, it } from "vitest";
import { shown } from "./shown.ts";

it.each([
  ["600.0", "seconds", "600 seconds (10 min)"], ["2592000", "seconds", "2592000 seconds (30 days)"], ["7200", "seconds", "7200 seconds (2 hours)"],
  ["90000", "seconds", "90000 seconds (25 hours)"], ["180000", "seconds", "180000 seconds"], ["0.25", "seconds", "0.25 seconds"], ["600", "bytes", "600 bytes"], ["true", "", "true"],
  ["1", "seconds", "1 second"], ["1.0", "seconds", "1 second"], ["1", "MB/s", "1 MB/s"],
])("shows %s %s as %s", (value, unit, text) => expect(shown(value, unit)).toBe(text));
