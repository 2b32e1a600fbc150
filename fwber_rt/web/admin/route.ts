/** Where in the operator's page somebody is, kept in the part of the address behind `#`, which no server or proxy sees. */
import { signal, type ReadonlySignal } from "@preact/signals";

export const SCREENS = ["overview", "reports", "users", "rooms", "settings", "audit"] as const;
export type Screen = (typeof SCREENS)[number];

export interface Route {
  readonly screen: Screen;
  /** Which report or user; "" is the list. */
  readonly id: string;
}

const ID = /^[0-9]{1,20}$/;
const SINGLE: readonly Screen[] = ["reports", "users"];

/** The route of an address's `#...`; the overview for whatever is none of ours. */
export function parse(hash: string): Route {
  const [name = "", id = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
  const screen = SCREENS.find((each) => each === name);
  if (!screen || rest.length > 0 || (id !== "" && !(SINGLE.includes(screen) && ID.test(id)))) return { screen: "overview", id: "" };
  return { screen, id };
}

/** The `#...` of a route, for links. */
export function to(screen: Screen, id = ""): string {
  return `#/${screen}${id ? `/${id}` : ""}`;
}

const current = signal<Route>({ screen: "overview", id: "" });

export const route: ReadonlySignal<Route> = current;

/** Follow the address; call once. */
export function startRoute(): void {
  const follow = (): void => { current.value = parse(location.hash); };
  addEventListener("hashchange", follow);
  follow();
}
