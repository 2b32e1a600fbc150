import { expect, test } from "vitest";
import type { Who } from "../../client/index.ts";
import { Refusal } from "../../client/index.ts";
import { ended } from "../../client/session.ts";
import { ownerAfter } from "./owner.ts";

const known = (kind: "guest" | "user", user: string): Who => ({ kind, user: { user, name: "Ann" }, until: 0 });
const nobody = (why: Refusal | null = null): Who => ({ kind: "nobody", why });
const over = ended("token.expired", "over");

test("who signs out takes what was typed along", () => expect(ownerAfter("user 7", known("user", "7"), nobody())).toBeNull());
test("a sign-in that was ended does not", () => expect(ownerAfter("user 7", known("user", "7"), nobody(over))).toEqual({ name: "user 7", forget: false }));
test("nor does a reload after it", () => expect(ownerAfter("user 7", nobody(), nobody())).toEqual({ name: "user 7", forget: false }));
test("the same user finds it", () => expect(ownerAfter("guest 7", nobody(), known("user", "7"))).toEqual({ name: "user 7", forget: false }));
test("another one does not", () => expect(ownerAfter("user 7", nobody(over), known("user", "8"))).toEqual({ name: "user 8", forget: true }));
test("a guest comes back as another user, and finds it", () => expect(ownerAfter("guest 7", nobody(over), known("guest", "8"))).toEqual({ name: "guest 8", forget: false }));
