/** What somebody looks at on the map. */
import { signal } from "@preact/signals";
import type { Point } from "../map/mercator.ts";

/** The middle of what is in sight of the map at rest; null before there is one. */
export const centreOfMap = signal<Point | null>(null);
/** A wish to see these hexagons; the map fulfils it and forgets it. */
export const wish = signal<readonly string[] | null>(null);
