import { describe, expect, it } from "vitest";
import { metres, perMetre, x, y } from "./mercator.ts";

describe("mercator", () => {
  it("has the world from 0 to 1", () => {
    expect([x(-180), x(0), x(180)]).toEqual([0, 0.5, 1]);
    expect(y(0)).toBeCloseTo(0.5, 12);
    expect([y(90), y(-90)].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0, 1]);
  });

  it("measures a degree of latitude and of longitude", () => {
    expect(metres({ lat: 0, lng: 0 }, { lat: 1, lng: 0 })).toBeCloseTo(111_195, -1);
    expect(metres({ lat: 60, lng: 0 }, { lat: 60, lng: 1 })).toBeCloseTo(55_597, -2);
    expect(metres({ lat: 10, lng: 179.9 }, { lat: 10, lng: -179.9 })).toBeLessThan(22_000);
  });

  it("draws a metre to scale: larger towards the poles", () => {
    const [here, there] = [{ lat: 52.52, lng: 13.4 }, { lat: 52.52, lng: 13.5 }];
    expect((x(there.lng) - x(here.lng)) / perMetre(here.lat)).toBeCloseTo(metres(here, there), -1);
  });
});
