import { area, distance } from "../format.ts";
import { acrossM, areaKm2 } from "../map/hexagons.ts";
import { t, type Key } from "../text.ts";

/** How large the hexagons of a resolution are: of this one where one is given, else of the mean one. */
export function sizeText(key: Key, level: number, cell: string | null = null): string {
  return t(key, { area: area(cell ? areaKm2(cell) : meanKm2(level)), across: distance(acrossM(level)) });
}

function meanKm2(level: number): number {
  const edge = acrossM(level) / 2000;
  return (edge * edge * 3 * Math.sqrt(3)) / 2;
}
