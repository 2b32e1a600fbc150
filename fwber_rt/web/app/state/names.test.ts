import { expect, it } from "vitest";
import { nameOf, remember } from "./names.ts";

it("remembers the latest name of the latest people", () => {
  remember("1", "Ann");
  remember("1", "Anna");
  expect([nameOf("1"), nameOf("2")]).toEqual(["Anna", null]);
  for (let id = 10; id < 2010; id += 1) remember(String(id), "somebody");
  expect([nameOf("1"), nameOf("2009")]).toEqual([null, "somebody"]);
});
