import { expect, it } from "vitest";
import { nearestSize } from "./sizes.ts";

it.each([[60, "peek"], [200, "peek"], [330, "half"], [480, "half"], [600, "full"], [2000, "full"]] as const)(
  "a sheet let go at %d of 844 px is %s",
  (height, size) => expect(nearestSize(height, 844)).toBe(size),
);
