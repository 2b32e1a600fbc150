import { effect, signal } from "@preact/signals";
import { expect, it } from "vitest";
import { gather } from "./frame.ts";

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
