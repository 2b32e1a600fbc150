import { describe, expect, it } from "vitest";
import { placeOf, radiusAt, tagsOf, written } from "./fields.ts";

describe("written", () => {
  it("takes what stands in the form, and the usual for the rest", () => {
    expect(written({ name: " Chess ", slow: "15", max_members: "8", tags: "#games, games, go" })).toEqual({
      name: "Chess", kind: "social", description: "", visibility: "public", tags: ["games", "go"], slow_ms: 15_000, max_members: 8,
    });
  });

  it.each<Record<string, string>>([{ name: "  " }, { name: "a", max_members: "many" }, { name: "a", max_members: "0" }, { name: "a", max_members: "1.5" }])("says what is wrong with %j", (values) => {
    expect(() => written(values)).toThrow();
  });

  it("does not take a kind or a visibility there is none of", () => {
    expect(written({ name: "a", kind: "<script>", visibility: "secret" })).toMatchObject({ kind: "social", visibility: "public" });
  });
});

it("refuses too many tags, and too long ones, counted as people count", () => {
  expect(() => tagsOf(Array.from({ length: 11 }, (_, number) => `t${number}`).join(","))).toThrow();
  expect(() => tagsOf("x".repeat(33))).toThrow();
  expect(tagsOf("😀".repeat(32))).toHaveLength(1);
});

it("reaches both ends of the radius, and comes back to where the slider was", () => {
  expect([radiusAt(0, 50, 5000), radiusAt(100, 50, 5000)]).toEqual([50, 5000]);
  for (const place of [10, 37, 50, 88]) expect(Math.abs(placeOf(radiusAt(place, 50, 5000), 50, 5000) - place)).toBeLessThanOrEqual(1);
  expect(placeOf(50, 50, 50)).toBe(0);
});
