import { expect, it } from "vitest";
import { roomForFaces } from "./paint.ts";

it("draws initials while the fullest hexagon has room for them", () => {
  expect(roomForFaces(10, 140)).toBe(true);
  expect(roomForFaces(10, 55)).toBe(false);
  expect(roomForFaces(100, 140)).toBe(false);
  expect(roomForFaces(0, 20)).toBe(true);
});
