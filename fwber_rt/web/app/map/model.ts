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
}

export interface Patch {
  readonly cell: string;
  /** People named and not named in it. */
  readonly count: number;
  readonly named: number;
}

const dots = new WeakMap<ReadonlyMap<string, string>, Dot[]>();

/** Everybody's dot. A hexagon whose people have not changed keeps its dots. */
export function dotsOf(hexes: Hexes): Dot[] {
  const all: Dot[] = [];
  for (const [cell, { people }] of hexes) {
    let known = dots.get(people);
    if (!known) {
      known = [...people].map(([user, name]) => {
        const [dotX, dotY] = standing(cell, user);
        return { user, name, cell, x: dotX, y: dotY, hue: hue(user) };
      });
      dots.set(people, known);
    }
    all.push(...known);
  }
  return all;
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

export function circle(room: string, name: string, centre: Point, radiusM: number, joined: boolean): Circle {
  return { room, name, x: x(centre.lng), y: y(centre.lat), radius: radiusM * perMetre(centre.lat), joined };
}
