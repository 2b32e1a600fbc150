import { describe, expect, it } from "vitest";
import type { Figures } from "../../client/index.ts";
import { extended, follows, perSecond, quantile } from "./rates.ts";

const at = (change: Partial<Figures>): Figures => ({ at_s: 10, uptime_s: 10, messages: 0, deliveries: 0, ...change }) as Figures;
const spread = (...counts: number[]) => ({ bounds: [0.001, 0.01, 0.1], counts, sum: 0 });

describe("rates", () => {
  it("are the growth of a counter over the server's own time", () => {
    expect(perSecond(at({ messages: 5 }), at({ at_s: 12, messages: 9 }), "messages")).toBe(2);
  });

  it("are not told across a restart", () => {
    const before = at({ messages: 5, at_s: 100, uptime_s: 100 });
    expect(follows(before, at({ messages: 9, at_s: 102, uptime_s: 102 }))).toBe(true);
    expect(follows(before, at({ messages: 9, at_s: 3, uptime_s: 3 }))).toBe(false);
    expect(follows(before, at({ messages: 9, at_s: 500, uptime_s: 3 }))).toBe(false);
    expect(follows(before, at({ messages: 1, at_s: 500, uptime_s: 300 }))).toBe(false);
  });
});

describe("the records", () => {
  const after = (seconds: number): Figures => at({ at_s: seconds, uptime_s: seconds });

  it("are the latest, and begin anew with the server", () => {
    const two = extended([after(1), after(2)], after(3), 2);
    expect(two.map(({ at_s }) => at_s)).toEqual([2, 3]);
    expect(extended(two, after(1), 2).map(({ at_s }) => at_s)).toEqual([1]);
  });
});

describe("quantile", () => {
  it("looks only at what was observed in between", () => {
    expect(quantile(spread(1000, 0, 0, 0), spread(1000, 10, 0, 0), 0.5)?.seconds).toBeCloseTo(0.0055, 6);
  });

  it("is nothing when nothing was observed", () => {
    expect(quantile(spread(1, 2, 3, 4), spread(1, 2, 3, 4), 0.99)).toBeNull();
  });

  it("says that it is beyond the last bound", () => {
    expect(quantile(spread(0, 0, 0, 0), spread(1, 0, 0, 9), 0.99)).toEqual({ seconds: 0.1, over: true });
  });

  it("skips buckets nothing fell into", () => {
    expect(quantile(spread(0, 0, 0, 0), spread(0, 0, 4, 0), 0.5)?.seconds).toBeCloseTo(0.055, 6);
  });
});
