import { describe, expect, it } from "vitest";
import { parse, SCREENS, to } from "./route.ts";

describe("route", () => {
  it("reads back every screen it writes", () => {
    for (const screen of SCREENS) expect(parse(to(screen))).toEqual({ screen, id: "" });
    expect(parse(to("users", "12"))).toEqual({ screen: "users", id: "12" });
    expect(parse(to("reports", "7"))).toEqual({ screen: "reports", id: "7" });
  });

  it.each(["", "#/nowhere", "#/users/<script>", "#/users/1/2", "#/settings/1", "#/users/123456789012345678901"])(
    "shows the overview for %j",
    (hash) => expect(parse(hash)).toEqual({ screen: "overview", id: "" }),
  );
});
