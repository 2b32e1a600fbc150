import { describe, expect, test } from "vitest";
import { body } from "./fakes.ts";
import { Closed, Lost, Refusal } from "./errors.ts";
import { afterClose, backoffMs, delayMs, judgeClose, judgeFailure } from "./reconnect.ts";
import type { ErrorBody } from "./schema.ts";

const refusal = (...about: Parameters<typeof body>): Refusal => new Refusal(body(...about) as ErrorBody);

test("the range of a close code says what to do, known or not", () => {
  expect([4001, 4012, 4099].map(afterClose)).toEqual(["stop", "stop", "stop"]);
  expect([4100, 4199, 1006, 1001, 4300, 3000].map(afterClose)).toEqual(Array(6).fill("back off"));
  expect([4200, 4211, 4299].map(afterClose)).toEqual(["at once", "at once", "at once"]);
});

test("the first return is at once, the next ones are not", () => {
  const drained = judgeClose(4200, "", null);
  expect(delayMs(drained, 0, () => 0.5)).toBe(0);
  expect(delayMs(drained, 1, () => 0.5)).toBe(500);
});

test("a slot is kept to exactly, and 0 is none", () => {
  expect(delayMs(judgeClose(4200, "", 7_300), 0, () => 0.5)).toBe(7_300);
  expect(delayMs(judgeClose(1006, "", 0), 0, () => 0.5)).toBe(250);
  expect(judgeClose(4012, "", 500).slotMs).toBeNull();
});

test("waits double up to half a minute, and are spread over all of it", () => {
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, () => 0.999_999)).map(Math.round)).toEqual([500, 1000, 2000, 4000]);
  expect(Math.round(backoffMs(40, () => 0.999_999))).toBe(30_000);
  expect(backoffMs(40, () => 0)).toBe(0);
});

describe("what came instead of a connection", () => {
  test("no network: try again", () => expect(judgeFailure(new Lost(), true).next).toBe("back off"));
  test("closed: stay so", () => expect(judgeFailure(new Closed(4012), true).next).toBe("stop"));
  test("an expired token is renewed where it can be", () => {
    expect(judgeFailure(refusal("token.expired"), true).next).toBe("at once");
    expect(judgeFailure(refusal("token.expired"), false).next).toBe("stop");
    expect(judgeFailure(refusal("token.invalid"), false).next).toBe("stop");
  });
  test("what passes is waited for", () => {
    const verdict = judgeFailure(refusal("rate.limited", { retry_after_ms: 900 }), false);
    expect(delayMs(verdict, 0, () => 0)).toBe(900);
  });
  test("what does not pass ends it", () => expect(judgeFailure(refusal("forbidden"), true).next).toBe("stop"));
});
