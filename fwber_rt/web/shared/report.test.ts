import { expect, test } from "vitest";
import { place } from "./report.ts";

test("only a place in a script of ours is told", () => {
  const error = new TypeError("Ada's words");
  error.stack = "TypeError: Ada's words\n  at f (https://chat.example/assets/index-a_B3.js:1:20345)\n  at https://chat.example/#/person/7";
  expect(place(error, "")).toBe("/assets/index-a_B3.js:1:20345");
  error.stack = "";
  expect(place(error, "https://chat.example/sw.js:3:4")).toBe("/sw.js:3:4");
  expect(place("Ada's words", "https://chat.example/#/person/7")).toBe("/unknown");
});
