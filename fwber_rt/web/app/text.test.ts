import { afterEach, describe, expect, it } from "vitest";
import { messages, type Key } from "./messages.ts";
import { locale, pieces, speak, t } from "./text.ts";

afterEach(() => speak("en", {}));

describe("texts", () => {
  it("puts values in their places", () => expect(t("profile.changed", { name: "Ann" })).toBe("You are now called Ann."));

  it("chooses the plural", () => {
    expect(t("around.band.near", { count: 1 })).toBe("Next to it");
    expect(t("around.band.near", { count: 3 })).toBe("3 hexagons away");
  });

  it("does not take a value for a template", () => {
    expect(t("profile.changed", { name: "{name} {name}" })).toBe("You are now called {name} {name}.");
  });

  it("can be cut at its values", () => {
    expect(pieces("profile.changed")).toEqual(["You are now called ", { name: "name" }, "."]);
  });

  it("speaks another language, and English where that has no word", () => {
    speak("de", { "do.save": "Speichern" });
    expect([t("do.save"), t("do.cancel"), locale()]).toEqual(["Speichern", "Cancel", "de"]);
  });

  it("is complete: no text is empty, every plural has a general form", () => {
    const wrong = (Object.keys(messages) as Key[]).filter((key) => {
      const message: string | { other: string } = messages[key];
      return (typeof message === "string" ? message : message.other).trim() === "";
    });
    expect(wrong).toEqual([]);
  });
});
