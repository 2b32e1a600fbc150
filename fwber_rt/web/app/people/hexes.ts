/**
 * Who is where, as hexagons: a fold of `presence` pushes (the hexagons I hear) and pages of `nearby.people` (those further out).
 *
 * Each hexagon has one authority. Once the server has told a hexagon whole (`full`), its pushes are the truth about it and pages
 * are ignored there; before that, and further out, the last page is. Values are never changed, only replaced: a hexagon whose
 * object is the same as before looks the same as before.
 */

/** "few" is four or fewer, nobody included. */
export type Count = number | "few";

export interface Named {
  readonly user: string;
  readonly name: string;
}

export interface NearPerson extends Named {
  readonly cell: string;
  readonly band: number;
}

export interface PresencePush {
  readonly cell: string;
  readonly entered: readonly Named[];
  readonly left: readonly string[];
  readonly count: Count;
  readonly full?: boolean;
}

export interface Hex {
  readonly people: ReadonlyMap<string, string>;
  /** People of this hexagon who are not named. */
  readonly unnamed: Count;
  /** Told whole by the server; else only what a page or a later push said. */
  readonly whole: boolean;
}

export type Hexes = ReadonlyMap<string, Hex>;

export const NOWHERE: Hexes = new Map();

/** What is known after some pushes, in the order they came. `me` is never among the others. */
export function presence(known: Hexes, pushes: readonly PresencePush[], me: string): Hexes {
  const next = new Map(known);
  for (const push of pushes) {
    const before = push.full ? undefined : next.get(push.cell);
    const people = new Map(before?.people);
    for (const user of push.left) people.delete(user);
    for (const { user, name } of push.entered) if (user !== me) people.set(user, name);
    const unnamed = push.count;
    if (typeof unnamed === "number" && push.entered.length === 0 && push.left.length === 0) people.clear(); // too many to name
    next.set(push.cell, { people, unnamed, whole: push.full === true || before?.whole === true });
    for (const { user } of push.entered) forget(next, user, push.cell);
  }
  return next;
}

/** What is known after `nearby.people` answered: `people` is everybody it named, and replaces what earlier pages said. */
export function page(known: Hexes, people: readonly NearPerson[], me: string): Hexes {
  const next = new Map([...known].filter(([, hex]) => hex.whole));
  const named = new Set([...next.values()].flatMap((hex) => [...hex.people.keys()]));
  const found = new Map<string, Map<string, string>>();
  for (const { user, name, cell } of people) {
    if (user === me || named.has(user) || next.get(cell)?.whole) continue;
    const there = found.get(cell) ?? new Map<string, string>();
    found.set(cell, there.set(user, name));
  }
  for (const [cell, there] of found) next.set(cell, { people: there, unnamed: "few", whole: false });
  return next;
}

/** What is known after some hexagons are no longer heard. */
export function unheard(known: Hexes, cells: readonly string[]): Hexes {
  if (!cells.some((cell) => known.has(cell))) return known;
  const next = new Map(known);
  for (const cell of cells) next.delete(cell);
  return next;
}

/** What is known after somebody is to be seen no more: blocked, or gone from the map. */
export function without(known: Hexes, user: string): Hexes {
  const next = new Map(known);
  forget(next, user);
  return next;
}

function forget(hexes: Map<string, Hex>, user: string, except = ""): void {
  for (const [cell, hex] of hexes) {
    if (cell === except || !hex.people.has(user)) continue;
    const people = new Map(hex.people);
    people.delete(user);
    hexes.set(cell, { ...hex, people });
  }
}
