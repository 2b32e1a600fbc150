/**
 * Work gathered and done once per frame: a hundred pushes a second become at most sixty changes of what is shown, and none while
 * nobody looks.
 */
import { batch, effect, signal, type ReadonlySignal } from "@preact/signals";

export type NextFrame = (run: () => void) => void;

const SLOWEST_MS = 1000; // frames stop in a hidden tab; what it knows goes on all the same

/** Run once: with the next frame, or where there are none, within a second. */
export const nextFrame: NextFrame = (run) => {
  let waits = true;
  const once = (): void => {
    if (!waits) return;
    waits = false;
    clearTimeout(timer);
    run();
  };
  const timer = setTimeout(once, SLOWEST_MS);
  requestAnimationFrame(once);
};

/** A function that takes items one by one and hands all of a frame to `apply`, in their order and in one batch. */
export function gather<T>(apply: (items: readonly T[]) => void, next: NextFrame = nextFrame): (item: T) => void {
  let items: T[] = [];
  return (item) => {
    items.push(item);
    if (items.length > 1) return;
    next(() => {
      const all = items;
      items = [];
      batch(() => apply(all));
    });
  };
}

/** The same value, but at most one change in `ms`: for what is expensive to show and nobody reads faster. */
export function slowed<T>(source: ReadonlySignal<T>, ms: number, later: (ms: number, run: () => void) => void = after): ReadonlySignal<T> {
  const shown = signal(source.peek());
  let [resting, missed] = [false, false];
  const take = (): void => {
    shown.value = source.peek();
    resting = true;
    missed = false;
    later(ms, () => {
      resting = false;
      if (missed) take();
    });
  };
  effect(() => {
    if (source.value === shown.peek()) return;
    if (resting) missed = true;
    else take();
  });
  return shown;
}

function after(ms: number, run: () => void): void {
  setTimeout(run, ms);
}
