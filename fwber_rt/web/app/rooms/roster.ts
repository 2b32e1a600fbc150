/** The members of one room as a value, kept up to date by what the room's stream says. */
import type { MemberView, Push } from "../../client/index.ts";

export type MemberPush = Push<"member.join" | "member.leave" | "member.role">;

const RANK: Readonly<Record<string, number>> = { owner: 0, admin: 1, moderator: 2 };

/** The owner first, then those who keep order, then everybody else; by name among equals. */
export function ordered(members: readonly MemberView[]): MemberView[] {
  return [...members].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || (a.user < b.user ? -1 : 1));
}

/** A page more, each member once. */
export function joinedTo(members: readonly MemberView[], page: readonly MemberView[]): MemberView[] {
  return [...new Map([...members, ...page].map((member) => [member.user, member])).values()];
}

/** What a push makes of them. `at`: when it came. */
export function after(members: readonly MemberView[], push: MemberPush, at: number): readonly MemberView[] {
  const { d } = push;
  const others = members.filter(({ user }) => user !== d.user);
  if ("reason" in d) return others.length === members.length ? members : others;
  if ("name" in d) return [...others, { user: d.user, name: d.name, role: d.role, joined: at }];
  return members.map((member) => (member.user === d.user ? { ...member, role: d.role } : member));
}

function rank({ role }: MemberView): number {
  return RANK[role] ?? 3;
}
