import { describe, expect, it } from "vitest";
import { due } from "./pacing.ts";

const HERE = { lat: 52.52, lng: 13.405 };
const NEAR = { lat: 52.5201, lng: 13.405 }; // 11 m
const FAR = { lat: 52.523, lng: 13.405 }; // 333 m
const sent = { point: HERE, at: 10_000, pace: { nextMs: 30_000, minMoveM: 100 } };

describe("pacing", () => {
  it("sends the first fix at once", () => expect(due(null, HERE, 0)).toBe(0));

  it("waits as long as the server said while somebody moves little", () => {
    expect(due(sent, NEAR, 15_000)).toBe(25_000);
    expect(due(sent, NEAR, 41_000)).toBe(0);
  });

  it("sends sooner once they moved as far as the server said", () => expect(due(sent, FAR, 15_000)).toBe(0));

  it("never sends twice within a second", () => expect(due(sent, FAR, 10_400)).toBe(600));

  it("does not repeat what the server knows", () => expect(due(sent, HERE, 90_000)).toBeNull());
});
