import { describe, expect, it } from "vitest";
import type { Said } from "./entries.ts";
import { counted, forgotten, HERE, isNew, merged, missed, read, readMarks, writeMarks } from "./marks.ts";

const message = (o: number, mid: string): Said => ({ kind: "said", key: mid, s: "room:1", o, mid, user: "7", name: "Ann", text: "", ts: 0 });

describe("marks", () => {
  const marks = read(new Map(), "1", message(5, "100"));

  it("tells what came since: by offset in a room, by id around me", () => {
    expect([4, 5, 6].map((o) => isNew("1", marks.get("1"), message(o, "1")))).toEqual([false, false, true]);
    const here = read(new Map(), HERE, message(9, "999")).get(HERE);
    expect(["998", "999", "1000"].map((mid) => isNew(HERE, here, message(1, mid)))).toEqual([false, false, true]);
  });

  it("says of a conversation never opened that nothing in it is new", () => expect(isNew("2", undefined, message(1, "1"))).toBe(false));

  it("takes what came before the first missed one for read where it was never opened", () => {
    const first = missed(new Map(), "2", [message(5, "100"), message(6, "101")]).get("2");
    expect([first?.unread, ...[4, 5, 6].map((o) => isNew("2", first, message(o, String(95 + o))))]).toEqual([2, false, true, true]);
    const here = missed(new Map(), HERE, [message(5, "100")]).get(HERE);
    expect(["99", "100"].map((mid) => isNew(HERE, here, message(1, mid)))).toEqual([false, true]);
  });

  it("believes of two tabs whichever has read further, else whichever has heard more", () => {
    const heard = missed(marks, "1", [message(6, "101")]);
    const seen = read(marks, "1", message(6, "101"));
    expect([merged(heard, seen), merged(seen, heard)].map((both) => both.get("1"))).toEqual([seen.get("1"), seen.get("1")]);
    expect([merged(marks, heard), merged(heard, marks)].map((both) => both.get("1")?.unread)).toEqual([1, 1]);
    expect(merged(marks, read(new Map(), HERE, message(1, "7"))).size).toBe(2);
    expect(merged(seen, heard)).toBe(seen);
  });

  it("counts what was missed until it is read", () => {
    const two = missed(missed(marks, "1", [message(6, "101")]), "1", [message(7, "102")]);
    expect(two.get("1")?.unread).toBe(2);
    expect(read(two, "1", message(7, "102")).get("1")).toEqual({ o: 7, mid: "102", unread: 0 });
  });

  it("can be counted anew, where there is something to count from", () => {
    expect(counted(missed(marks, "1", [message(6, "101"), message(7, "102")]), "1", 3).get("1")?.unread).toBe(3);
    expect(counted(marks, "2", 3)).toBe(marks);
  });

  it("never goes back, and does not change when nothing does", () => expect(read(marks, "1", message(3, "90"))).toBe(marks));

  it("survives being kept; what is none of ours is not believed", () => {
    expect(readMarks(JSON.parse(writeMarks(marks)))).toEqual(marks);
    expect([readMarks({}), readMarks([["1"]]), readMarks(null)]).toEqual([null, null, null]);
  });

  it("stays bounded", () => {
    let many = marks;
    for (let i = 0; i < 400; i += 1) many = missed(many, `r${i}`, [message(1, "1")]);
    expect(many.size).toBe(300);
  });

  it("forgets a room that was left", () => expect(forgotten(marks, "1").size).toBe(0));
});
