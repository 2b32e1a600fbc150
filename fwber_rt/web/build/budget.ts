/** How many bytes of script a page loads before it is of use, and how many it may. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Every script: the chunk's name, what it imports at once and later, and its styles. */
export type Graph = Record<string, { name: string; entry: boolean; imports: string[]; later: string[]; styles: string[] }>;

export interface Budget {
  /** What is loaded by then. */
  what: string;
  chunks: string[];
  encoding: "gzip" | "br";
  limit: number;
}

export interface Spent extends Budget {
  bytes: number;
  files: string[];
}

const KB = 1000;
/** What browsers count for the head of each answer (`transferSize`), so that `bench browser` and this agree. */
export const HEAD = 300;

/**
 * The first visit loads the page and greets; whoever is signed in also loads what the map needs (Leaflet, and h3-js, which alone is
 * 63 kB): nearly all browsers get that as brotli. Raising a limit is a decision; say why where you do.
 */
export const BUDGETS: readonly Budget[] = [
  { what: "first visit", chunks: ["index"], encoding: "gzip", limit: 150 * KB },
  { what: "with the map", chunks: ["index", "Shell"], encoding: "br", limit: 150 * KB },
  { what: "operator's page", chunks: ["admin"], encoding: "gzip", limit: 150 * KB },
];

/** Files a chunk needs at once, or with `later` ever: itself, what it imports, and their styles. */
export function closure(graph: Graph, name: string, later = false): string[] {
  const start = Object.keys(graph).find((file) => graph[file]?.name === name);
  if (!start) throw new Error(`no script is named ${name}; build/budget.ts names it`);
  const found = new Set<string>();
  const waiting = [start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const chunk = graph[file];
    if (found.has(file) || !chunk) continue;
    found.add(file);
    waiting.push(...chunk.imports, ...(later ? chunk.later : []));
    for (const style of chunk.styles) found.add(style);
  }
  return [...found].sort();
}

export function spend(directory: string, graph: Graph, budget: Budget): Spent {
  const files = [...new Set(budget.chunks.flatMap((name) => closure(graph, name)))].filter((file) => file.endsWith(".js")).sort();
  const ending = budget.encoding === "br" ? ".br" : ".gz";
  const sizes = files.map((file) => readFileSync(join(directory, file + ending)).length);
  return { ...budget, files, bytes: sizes.reduce((sum, size) => sum + size + HEAD, 0) };
}

/** A line for people. */
export function report({ what, encoding, bytes, limit }: Spent): string {
  const size = `${(bytes / KB).toFixed(1)} kB ${encoding}`;
  return `${bytes > limit ? "OVER " : "  ok "} ${what.padEnd(16)} ${size.padStart(14)} of ${limit / KB} kB of script`;
}
