import { describe, expect, it } from "vitest";
import type { Entry, Said } from "./entries.ts";
import { rows } from "./rows.ts";

const DAY = 86_400_000;
const NOON = new Date(2026, 4, 1, 12).getTime();

function one(o: number, options: Partial<Said> = {}): Said {
  return { kind: "said", key: String(o), s: "room:1", o, mid: String(o), user: "7", name: "Ann", text: "x", ts: NOON + o * 1000, ...options };
}

const drawn = (entries: readonly Entry[], hidden: string[] = [], from = Infinity): string[] =>
  rows(entries, (user) => hidden.includes(user), ({ o }) => o >= from).map((row) => (row.kind === "said" ? `${row.first ? "name " : ""}${row.key}` : row.kind));

describe("rows", () => {
  it("puts a name over what somebody says in one go", () => {
    expect(drawn([one(1), one(2), one(3, { user: "8", name: "Bob" }), one(4)])).toEqual(["day", "name 1", "2", "name 3", "name 4"]);
  });

  it("puts it there again after a while, after a new name, and after a line", () => {
    const line: Entry = { kind: "line", key: "l", s: "room:1", o: 3, user: "9", name: "Cid", what: "join" };
    expect(drawn([one(1), one(2, { ts: NOON + 10 * 60_000 }), line, one(4, { ts: NOON + 10 * 60_000 }), one(5, { ts: NOON + 10 * 60_000, name: "Anna" })]))
      .toEqual(["day", "name 1", "name 2", "line", "name 4", "name 5"]);
  });

  it("parts days", () => expect(drawn([one(1), one(2, { ts: NOON + DAY })])).toEqual(["day", "name 1", "day", "name 2"]));

  it("draws one line before the first that is new", () => {
    expect(drawn([one(1), one(2), one(3)], [], 2)).toEqual(["day", "name 1", "unread", "name 2", "3"]);
  });

  it("leaves out whom I do not hear", () => expect(drawn([one(1), one(2, { user: "8" }), one(3)], ["8"])).toEqual(["day", "name 1", "3"]));
});
