/** People by how many rings of hexagons away they are shown: all that may be said of how near somebody is. */
import { band } from "../map/hexagons.ts";
import type { Hexes, NearPerson } from "./hexes.ts";

export interface Person extends NearPerson {
  /** Somebody else in sight has the same name, so the number is shown too. */
  readonly twin: boolean;
  readonly muted: boolean;
}

export interface Group {
  readonly band: number;
  readonly people: readonly Person[];
  /** People in these hexagons who are not named. */
  readonly unnamed: number;
}

const FAR = 99;

/** `mine` is the hexagon I am seen in. Names that look alike to a reader count as the same. */
export function group(hexes: Hexes, mine: string, muted: ReadonlySet<string>): Group[] {
  const bands = new Map<number, { people: NearPerson[]; unnamed: number }>();
  const names = new Map<string, number>();
  for (const [cell, hex] of hexes) {
    if (hex.people.size === 0 && hex.unnamed === "few") continue;
    const away = band(mine, cell) ?? FAR;
    const there = bands.get(away) ?? { people: [], unnamed: 0 };
    bands.set(away, there);
    if (hex.unnamed !== "few") there.unnamed += hex.unnamed;
    for (const [user, name] of hex.people) {
      there.people.push({ user, name, cell, band: away });
      names.set(alike(name), (names.get(alike(name)) ?? 0) + 1);
    }
  }
  return [...bands].sort(([a], [b]) => a - b).map(([away, { people, unnamed }]) => ({
    band: away,
    unnamed,
    people: people.sort(byName).map((one) => ({ ...one, twin: (names.get(alike(one.name)) ?? 0) > 1, muted: muted.has(one.user) })),
  }));
}

function alike(name: string): string {
  return name.normalize("NFKC").toLowerCase().replaceAll(/\s/g, "");
}

function byName(a: NearPerson, b: NearPerson): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.user < b.user ? -1 : 1;
}
