import { expect, it } from "vitest";
import { still, stops, writes, WRITING_MS } from "./typing.ts";

const ann = writes([], "1", "Ann", 0);

it("lists somebody once, for as long as they write", () => {
  const both = writes(writes(ann, "2", "Bob", 10), "1", "Ann", 20);
  expect(both.map(({ user }) => user)).toEqual(["2", "1"]);
  expect(still(both, 10 + WRITING_MS).map(({ user }) => user)).toEqual(["1"]);
  expect(still(both, 100)).toBe(both);
});

it("ends with what they wrote", () => {
  expect(stops(ann, new Set(["1"]))).toEqual([]);
  expect(stops(ann, new Set(["2"]))).toBe(ann);
});
