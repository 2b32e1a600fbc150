/** Whom I blocked or muted. The server keeps the lists; this is what of them the page has seen. */
import { signal } from "@preact/signals";

export const blocked = signal<ReadonlySet<string>>(new Set());
export const muted = signal<ReadonlySet<string>>(new Set());
