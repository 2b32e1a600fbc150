import { expect, it } from "vitest";
import { cellOf } from "../map/hexagons.ts";
import { sizeText } from "./size.ts";

it("says how large a hexagon is: the mean one of a resolution, or this one", () => {
  expect(sizeText("place.size", 8)).toBe("About 0.73 km², 1.1 km across");
  expect(sizeText("place.size", 5)).toMatch(/^About 25\d km², 20 km across$/);
  expect(sizeText("place.size", 8, cellOf({ lat: 52.52, lng: 13.405 }, 8))).toBe("About 0.66 km², 1.1 km across");
});
