import { describe, expect, it } from "vitest";
import { format, parse, PATHS, same, type Screen } from "./route.ts";

describe("route", () => {
  it("reads back every screen it writes", () => {
    for (const screen of Object.keys(PATHS) as Screen[]) {
      const path = PATHS[screen];
      const route = {
        screen,
        ...(path.includes(":user") ? { user: "123" } : {}),
        ...(path.includes(":room") ? { room: "456" } : {}),
      };
      expect(parse(format(route))).toEqual(route);
    }
  });

  it("prefers a fixed word to an id", () => {
    expect(parse("#/rooms/new")).toEqual({ screen: "newRoom" });
  });

  it.each(["#/rooms/<script>", "#/people/", "#/nowhere", "#/rooms/1/2/3", "#/people/123456789012345678901", ""])(
    "shows what is around for %j",
    (hash) => expect(parse(hash)).toEqual({ screen: "around" }),
  );

  it("tells two rooms apart", () => {
    expect(same({ screen: "room", room: "1" }, { screen: "room", room: "2" })).toBe(false);
    expect(same({ screen: "room", room: "1" }, { screen: "room", room: "1" })).toBe(true);
  });
});
