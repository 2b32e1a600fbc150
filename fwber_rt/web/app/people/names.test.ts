import { describe, expect, it } from "vitest";
import { hue, initial } from "./names.ts";

describe("initial", () => {
  it.each([["ann", "A"], ["Émile", "É"], ["🙂 smile", "🙂"], ["  'quoted'", "Q"], ["李雷", "李"], ["", "·"], ["\u0301\u0302", "·"]])(
    "of %j is %j",
    (name, letter) => expect(initial(name).normalize("NFC")).toBe(letter.normalize("NFC")),
  );

  it("leaves a tower of accents behind", () => expect(initial(`A${"\u0310".repeat(40)}`).length).toBeLessThan(3));

  it("looks at the beginning only of a name of 10 kB", () => expect(initial(" ".repeat(10_000) + "x")).toBe("·"));
});

it("gives a person one colour", () => {
  expect(hue("123")).toBe(hue("123"));
  expect(new Set(Array.from({ length: 200 }, (_, id) => hue(String(id)))).size).toBe(24);
});
