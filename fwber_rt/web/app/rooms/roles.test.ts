import { expect, it } from "vitest";
import { governs, grants, roleOf } from "./roles.ts";

it("lets nobody act on an equal, a higher one or the owner", () => {
  expect([governs("moderator", "moderator"), governs("moderator", "admin"), governs("admin", "owner"), governs("owner", "owner")]).toEqual([false, false, false, false]);
  expect([governs("moderator", "member"), governs("admin", "moderator"), governs("owner", "admin")]).toEqual([true, true, true]);
  expect(governs("member", "outsider")).toBe(false);
});

it("offers only roles below one's own, and not the one somebody has", () => {
  expect(grants("owner", "member")).toEqual(["moderator", "admin"]);
  expect(grants("admin", "moderator")).toEqual(["member"]);
  expect(grants("admin", "admin")).toEqual([]);
  expect(grants("moderator", "member")).toEqual([]);
});

it("takes a role it does not know for a member", () => {
  expect([roleOf("emperor"), roleOf(undefined), roleOf("owner")]).toEqual(["member", "member", "owner"]);
});
