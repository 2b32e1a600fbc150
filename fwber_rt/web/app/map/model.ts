/** What the map shows, as values: the scene draws it and asks nothing. */
import type { Hexes } from "../people/hexes.ts";
import { hue } from "../people/names.ts";
import { standing } from "./hexagons.ts";
import { perMetre, x, y, type Point } from "./mercator.ts";

export interface Dot {
  readonly user: string;
  readonly name: string;
  readonly cell: string;
  readonly x: number;
  readonly y: number;
  readonly hue: number;
}

export interface Circle {
  readonly room: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** A part of the world's width at that latitude: true to scale. */
  readonly radius: number;
  readonly joined: boolean;
  /** As many as are known of; for which room is named where two would be named in one place. */
  readonly members: number;
}

export interface Patch {
  readonly cell: string;
  /** People named and not named in it. */
  readonly count: number;
  readonly named: number;
}

/** The dots of one hexagon, by user, and the people they were made for. */
interface Standing {
  readonly people: ReadonlyMap<string, string>;
  readonly dots: ReadonlyMap<string, Dot>;
}

let known = new Map<string, Standing>();

/** Everybody's dot. A hexagon whose people have not changed keeps its dots; whoever comes stands apart from those there. */
export function dotsOf(hexes: Hexes): Dot[] {
  const now = new Map<string, Standing>();
  for (const [cell, { people }] of hexes) {
    const before = known.get(cell);
    now.set(cell, before?.people === people ? before : { people, dots: stand(cell, people, before?.dots) });
  }
  known = now;
  return [...now.values()].flatMap(({ dots }) => [...dots.values()]);
}

function stand(cell: string, people: ReadonlyMap<string, string>, before: ReadonlyMap<string, Dot> = new Map()): Map<string, Dot> {
  const dots = new Map<string, Dot>();
  for (const user of people.keys()) {
    const there = before.get(user);
    if (there) dots.set(user, there);
  }
  for (const [user, name] of people) {
    const there = dots.get(user);
    if (there?.name === name) continue;
    const [dotX, dotY] = there ? [there.x, there.y] : standing(cell, user, [...dots.values()]);
    dots.set(user, { user, name, cell, x: dotX, y: dotY, hue: hue(user) });
  }
  return dots;
}

/** The hexagons in which somebody is known to be. */
export function patchesOf(hexes: Hexes): Patch[] {
  const patches: Patch[] = [];
  for (const [cell, { people, unnamed }] of hexes) {
    const count = people.size + (unnamed === "few" ? 0 : unnamed);
    if (count > 0) patches.push({ cell, count, named: people.size });
  }
  return patches;
}

export function circle(room: string, name: string, centre: Point, radiusM: number, joined: boolean, members = 0): Circle {
  return { room, name, x: x(centre.lng), y: y(centre.lat), radius: radiusM * perMetre(centre.lat), joined, members };
}
