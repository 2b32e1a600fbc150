import { expect, it } from "vitest";
import { slowWait } from "./pace.ts";

it("counts from when I spoke last, and not at all where nobody need be slow", () => {
  expect(slowWait({ slow_ms: 30_000 }, 1000, 11_000)).toBe(20_000);
  expect(slowWait({ slow_ms: 30_000 }, 1000, 40_000)).toBe(0);
  expect(slowWait({ slow_ms: 30_000 }, null, 0)).toBe(0);
  expect(slowWait({ slow_ms: 0 }, 1000, 1000)).toBe(0);
});
