/** The route shown now, kept equal to the address. */
import { signal, type ReadonlySignal } from "@preact/signals";
import { format, parse, same, type Route } from "./route.ts";

const current = signal<Route>(parse(location.hash));
/** How many steps of ours lie behind: 0 when going back would leave the page. */
let depth = 0;

export const route: ReadonlySignal<Route> = current;

/** Go to a screen; `replace` leaves no step to come back to. */
export function go(to: Route, { replace = false }: { replace?: boolean } = {}): void {
  if (same(to, current.value)) return;
  if (!replace) depth += 1;
  history[replace ? "replaceState" : "pushState"]({ depth }, "", format(to));
  current.value = to;
}

/** One step back, or where there is none of ours, to `otherwise`. */
export function back(otherwise: Route = { screen: "around" }): void {
  if (depth > 0) history.back();
  else go(otherwise, { replace: true });
}

/** Follow the address; call once. */
export function startRouter(): void {
  const follow = (): void => {
    depth = Number((history.state as { depth?: unknown } | null)?.depth) || 0;
    const now = parse(location.hash);
    if (!same(now, current.value)) current.value = now;
  };
  addEventListener("popstate", follow);
  addEventListener("hashchange", follow);
  follow();
}
