import { expect, it } from "vitest";
import type { MemberView } from "../../client/index.ts";
import { after, joinedTo, ordered, type MemberPush } from "./roster.ts";

const member = (user: string, name: string, role = "member"): MemberView => ({ user, name, role, joined: 1 });
const push = (t: string, d: object): MemberPush => ({ t, s: "room:9", o: 1, d }) as MemberPush;

it("lists the owner first, then who keeps order, then by name", () => {
  const all = [member("1", "Zoe"), member("2", "Ann"), member("3", "Mod", "moderator"), member("4", "Own", "owner")];
  expect(ordered(all).map(({ user }) => user)).toEqual(["4", "3", "2", "1"]);
});

it("shows nobody twice, whether a page or a push names them", () => {
  const ann = member("1", "Ann");
  expect(joinedTo([ann], [member("1", "Anna"), member("2", "Bob")]).map(({ name }) => name)).toEqual(["Anna", "Bob"]);
  expect(after([ann], push("member.join", { user: "1", name: "Anna", role: "member" }), 5)).toEqual([{ ...member("1", "Anna"), joined: 5 }]);
});

it("follows who leaves and who becomes something else", () => {
  const both = [member("1", "Ann"), member("2", "Bob")];
  expect(after(both, push("member.leave", { user: "2", reason: "left" }), 5)).toEqual([both[0]]);
  expect(after(both, push("member.role", { user: "1", role: "moderator" }), 5)[0]?.role).toBe("moderator");
  expect(after(both, push("member.leave", { user: "7", reason: "left" }), 5)).toBe(both);
});
