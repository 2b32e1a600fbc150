/** What the operator decided, as far as the page has to know it. */
import { signal } from "@preact/signals";

export interface Tiles {
  /** A template with `{z}`, `{x}` and `{y}`. */
  readonly url: string;
  /** Whose map it is, for the credit; an address that explains it. */
  readonly credit: string;
  readonly about: string;
  readonly maxZoom: number;
}

export interface Config {
  /** Whether anybody may come in with a name alone, and whether anybody may make an account. */
  readonly guests: boolean;
  readonly registration: boolean;
  /** null: the plain ground of hexagons. */
  readonly tiles: Tiles | null;
  /** The resolution of hexagons people are shown in, and the coarser ones they may choose. */
  readonly resolution: number;
  readonly coarser: readonly number[];
}

export const config = signal<Config>({ guests: true, registration: true, tiles: null, resolution: 8, coarser: [7, 5] });
