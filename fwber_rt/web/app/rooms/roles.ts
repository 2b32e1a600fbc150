/** Who may do what to whom in a room. The server decides; this only keeps the page from offering what it would refuse. */

export const ROLES = ["outsider", "member", "moderator", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];
export type Granted = "member" | "moderator" | "admin";

/** A role by the name the server gives it; whatever is not known is a member who may nothing. */
export function roleOf(name: string | undefined): Role {
  return ROLES.find((role) => role === name) ?? "member";
}

export function atLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** Nobody acts on an equal or a higher one, so nobody on the owner. */
export function outranks(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) > ROLES.indexOf(other);
}

/** Whether `role` may remove, ban and silence somebody who is `other`. */
export function governs(role: Role, other: Role): boolean {
  return atLeast(role, "moderator") && outranks(role, other);
}

/** What `role` may make of somebody who is `other`; never what they are already. */
export function grants(role: Role, other: Role): Granted[] {
  if (!atLeast(role, "admin") || !outranks(role, other)) return [];
  return (["member", "moderator", "admin"] as const).filter((granted) => granted !== other && outranks(role, granted));
}
