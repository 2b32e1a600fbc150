import { expect, it } from "vitest";
import { keys } from "./keyboard.ts";

it("counts what keys cover, and neither bars of the browser nor zooming in", () => {
  expect(keys(800, { height: 460, offsetTop: 0, scale: 1 })).toBe(340);
  expect(keys(800, { height: 460, offsetTop: 200, scale: 1 })).toBe(140);
  expect(keys(800, { height: 744, offsetTop: 0, scale: 1 })).toBe(0);
  expect(keys(800, { height: 400, offsetTop: 0, scale: 2 })).toBe(0);
  expect(keys(800, null)).toBe(0);
});
