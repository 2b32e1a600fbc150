/**
 * Where in the page somebody is, as a value and as the part of the address behind `#`. That part never leaves the browser, so no
 * server or proxy learns which room or person is being looked at; and the back button works.
 */

/** Every screen, with its path. `:user` and `:room` are ids. */
export const PATHS = {
  around: "",
  person: "people/:user",
  rooms: "rooms",
  newRoom: "rooms/new",
  room: "rooms/:room",
  roomAbout: "rooms/:room/about",
  here: "here",
  me: "me",
  profile: "me/profile",
  privacy: "me/privacy",
  hidden: "me/hidden",
  look: "me/look",
  account: "me/account",
  devices: "me/devices",
  data: "me/data",
  signIn: "sign-in",
  register: "register",
  reset: "reset",
} as const;

export type Screen = keyof typeof PATHS;

export interface Route {
  readonly screen: Screen;
  /** What stands in the places of `:user` and `:room`. */
  readonly user?: string;
  readonly room?: string;
}

const ID = /^[0-9]{1,20}$/;

/** The route of an address's `#...`; `around` for whatever is none of ours. */
export function parse(hash: string): Route {
  const given = hash.replace(/^#\/?/, "").split("/");
  for (const [screen, path] of Object.entries(PATHS) as [Screen, string][]) {
    const ids = match(path === "" ? [""] : path.split("/"), given);
    if (ids) return { screen, ...ids };
  }
  return { screen: "around" };
}

/** The `#...` of a route. */
export function format(route: Route): string {
  const path = PATHS[route.screen].split("/").map((part) => {
    if (part === ":user") return route.user ?? "";
    return part === ":room" ? (route.room ?? "") : part;
  });
  return `#/${path.join("/")}`;
}

export function same(a: Route, b: Route): boolean {
  return a.screen === b.screen && a.user === b.user && a.room === b.room;
}

function match(path: string[], given: string[]): { user?: string; room?: string } | null {
  if (path.length !== given.length) return null;
  const ids: { user?: string; room?: string } = {};
  for (const [place, part] of path.entries()) {
    const text = given[place] ?? "";
    if (part === ":user" || part === ":room") {
      if (!ID.test(text)) return null;
      ids[part === ":user" ? "user" : "room"] = text;
    } else if (part !== text) return null;
  }
  return ids;
}
