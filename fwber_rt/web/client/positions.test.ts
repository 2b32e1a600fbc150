import { expect, test } from "vitest";
import { Positions } from "./positions.ts";

test("a push that came before is dropped, and only once the position has passed it", () => {
  const positions = new Positions();
  positions.enter("room:1", "e", 4);
  expect([5, 6, 6, 5, 9].map((o) => positions.hear("room:1", o))).toEqual([true, true, false, false, true]);
  expect(positions.duplicates).toBe(2);
});

test("a recovered stream keeps its position, since its missed pushes follow", () => {
  const positions = new Positions();
  positions.restore({ "room:1": { epoch: "e", o: 4 } });
  expect(positions.connect({ "room:1": { epoch: "e", o: 9, recovered: true } })).toEqual([]);
  expect(positions.at("room:1")).toEqual({ epoch: "e", o: 4 });
});

test("what cannot be replayed and what is no longer heard is announced", () => {
  const positions = new Positions();
  positions.restore({ "room:1": { epoch: "e", o: 4 }, "cell:8": { epoch: "e", o: 1 } });
  const said = positions.connect({ "room:1": { epoch: "f", o: 9, recovered: false }, "room:2": { epoch: "g", o: 3 } });
  expect(said).toEqual([
    { t: "stream.left", s: "cell:8", d: {} },
    { t: "stream.lost", s: "room:1", d: { epoch: "f", o: 9 } },
  ]);
  expect(positions.streams).toEqual(["room:1", "room:2"]);
});

test("a stream heard before anything named its epoch is not offered for resume", () => {
  const positions = new Positions();
  positions.hear("room:1", 3);
  expect(positions.resumable()).toEqual({});
  positions.enter("room:1", "e", 2);
  expect(positions.resumable()).toEqual({ "room:1": { epoch: "e", o: 3 } });
});

test("a reply tells the head, which is not a position once there is one", () => {
  const positions = new Positions();
  positions.enter("room:1", "e", 4);
  positions.enter("room:1", "e", 9);
  expect(positions.at("room:1")?.o).toBe(4);
  positions.enter("room:1", "f", 2);
  expect(positions.at("room:1")).toEqual({ epoch: "f", o: 2 });
});

test("a membership that others end is no longer heard, and one that a replay ends and begins again is", () => {
  const positions = new Positions();
  positions.enter("room:1", "e", 4);
  positions.member("room:1", 5, false);
  expect(positions.streams).toEqual([]);
  positions.member("room:1", 7, true);
  expect(positions.resumable()).toEqual({ "room:1": { epoch: "e", o: 7 } });
  positions.member("room:2", 3, true);
  expect(positions.streams).toEqual(["room:1"]);
});

test("replies change what is heard", () => {
  const positions = new Positions();
  positions.learn("location.update", {}, { entered: [{ s: "cell:a", epoch: "e", o: 1 }], left: [] });
  positions.learn("room.join", {}, { s: "room:1", epoch: "e", o: 2 });
  positions.learn("room.join", {}, { pending: true });
  expect(positions.streams).toEqual(["cell:a", "room:1"]);
  positions.learn("location.clear", {}, { entered: [], left: ["cell:a"] });
  positions.learn("room.leave", { room: "1" }, {});
  expect(positions.streams).toEqual([]);
});
