import { effect, signal } from "@preact/signals";
import { expect, it } from "vitest";
import { gather, slowed } from "./frame.ts";

it("hands all items of a frame over at once, in their order, and starts anew", () => {
  const frames: (() => void)[] = [];
  const seen: (readonly number[])[] = [];
  const take = gather<number>((items) => seen.push(items), (run) => frames.push(run));
  [1, 2, 3].forEach(take);
  expect([seen, frames.length]).toEqual([[], 1]);
  frames.shift()?.();
  take(4);
  frames.shift()?.();
  expect(seen).toEqual([[1, 2, 3], [4]]);
});

it("changes what is shown once per frame", () => {
  const frames: (() => void)[] = [];
  const [a, b] = [signal(0), signal(0)];
  const take = gather<number>((items) => items.forEach((item) => { a.value = item; b.value = item; }), (run) => frames.push(run));
  let shown = 0;
  effect(() => { void (a.value + b.value); shown += 1; });
  [1, 2, 3, 4].forEach(take);
  frames.shift()?.();
  expect([shown, a.value]).toEqual([2, 4]);
});

it("slows what changes often: the first change at once, then the latest after a rest", () => {
  const source = signal(0);
  const rests: (() => void)[] = [];
  const slow = slowed(source, 400, (_, run) => rests.push(run));
  const seen: number[] = [];
  effect(() => { seen.push(slow.value); });
  [1, 2, 3].forEach((value) => { source.value = value; });
  expect(seen).toEqual([0, 1]);
  rests.shift()?.();
  expect(seen).toEqual([0, 1, 3]);
  rests.shift()?.();
  source.value = 4;
  expect(seen).toEqual([0, 1, 3, 4]);
});
