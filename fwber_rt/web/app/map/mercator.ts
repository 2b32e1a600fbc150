/**
 * The plane maps are drawn in: Web Mercator, the whole world from 0 to 1 in both directions. Multiplied by 256 * 2^zoom it is
 * Leaflet's pixel coordinates, so a shape is projected once and only scaled while somebody moves about the map.
 */

export interface Point {
  readonly lat: number;
  readonly lng: number;
}

const FARTHEST_NORTH = 85.0511287798;
const EARTH_M = 6_371_007.18; // the sphere H3 measures on

export function x(lng: number): number {
  return lng / 360 + 0.5;
}

export function y(lat: number): number {
  const sine = Math.sin((Math.max(-FARTHEST_NORTH, Math.min(FARTHEST_NORTH, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

/** How long a metre is at a latitude, as a part of the world's width. */
export function perMetre(lat: number): number {
  return 1 / (2 * Math.PI * EARTH_M * Math.cos((lat * Math.PI) / 180));
}

/** Great-circle distance in metres. */
export function metres(a: Point, b: Point): number {
  const toRadians = Math.PI / 180;
  const north = Math.sin(((b.lat - a.lat) * toRadians) / 2);
  const east = Math.sin(((b.lng - a.lng) * toRadians) / 2);
  const chord = north * north + Math.cos(a.lat * toRadians) * Math.cos(b.lat * toRadians) * east * east;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(chord)));
}
