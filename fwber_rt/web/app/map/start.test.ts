import { expect, it } from "vitest";
import { guess } from "./start.ts";

it("opens the map in the part of the world of the clock", () => {
  expect(guess(-60).centre.lng).toBe(15); // central Europe in winter
  expect(guess(480).centre.lng).toBe(-120); // the west of America
  expect(guess(-840).centre.lng).toBe(180);
});
