import { describe, expect, it } from "vitest";
import { isPoint, readPoint, toWire } from "./wire.ts";

describe("a typed point", () => {
  it.each(["52.52, 13.405", "52.52 13.405", " 52.52°,13.405° ", "52,52; 13,405"])("is read from %j", (text) => {
    expect(readPoint(text)).toEqual({ lat: 52.52, lng: 13.405 });
  });

  it.each(["", "52.52", "north", "91, 0", "0, 181", "1, 2, 3", "NaN, 1", "Infinity, 0"])("is not read from %j", (text) => {
    expect(readPoint(text)).toBeNull();
  });
});

it("does not believe what was kept", () => {
  expect(isPoint({ lat: "1", lng: 2 })).toBeNull();
  expect(isPoint(null)).toBeNull();
  expect(isPoint({ lat: -90, lng: 180 })).toEqual({ lat: -90, lng: 180 });
});

it("sends only what the server takes", () => {
  const fix = { lat: 1, lng: 2, accuracyM: 1e9, headingDeg: Number.NaN, speedMps: -1 };
  expect(toWire(fix)).toEqual({ lat: 1, lng: 2, accuracy_m: 1_000_000 });
  expect(toWire({ ...fix, accuracyM: 12, headingDeg: 90, speedMps: 1.5 })).toEqual({ lat: 1, lng: 2, accuracy_m: 12, heading: 90, speed_mps: 1.5 });
});
