import { describe, expect, it } from "vitest";
import { area, bytes, distance, duration, moment } from "./format.ts";

describe("format", () => {
  it.each([[400, "0 s"], [59_000, "59 s"], [-120_000, "2 min"], [3_600_000, "1 hour"], [2 * 3_600_000, "2 hours"], [24 * 3_600_000, "1 day"], [7 * 86_400_000, "7 days"]])("says how long %d ms are: %s", (ms, text) =>
    expect(duration(ms)).toBe(text));

  it.each([[3, "10 m"], [523, "520 m"], [1060, "1.1 km"], [12_400, "12 km"]])("says how far %d m are: %s", (metres, text) =>
    expect(distance(metres)).toBe(text));

  it.each([[0.7373, "0.74"], [5.16, "5.2"], [252.9, "253"]])("says how large %d is: %s", (km2, text) => expect(area(km2)).toBe(text));

  it.each([[800, "0.8 kB"], [24_500, "25 kB"], [2_340_000, "2.3 MB"]])("says how many bytes %d are: %s", (count, text) => expect(bytes(count)).toBe(text));

  it("names the day only when it is another", () => {
    const now = new Date(2026, 4, 4, 20, 0).getTime();
    expect(moment(new Date(2026, 4, 4, 9, 5).getTime(), now)).toMatch(/^0?9:05/);
    expect(moment(new Date(2026, 4, 3, 9, 5).getTime(), now)).toContain("May");
    expect(moment(new Date(2025, 4, 3, 9, 5).getTime(), now)).toContain("2025");
  });
});
