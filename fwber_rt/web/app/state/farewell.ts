/** The receipt of my erasure; stays in sight after I am signed out by it, until it was read. */
import { signal } from "@preact/signals";
import type { Erasing } from "../../client/index.ts";

export const farewell = signal<Erasing | null>(null);
