/** How many bytes of script and style a page loads before it shows anything. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Graph = Record<string, { name: string; entry: boolean; imports: string[]; styles: string[] }>;

/** Files an entry needs at once: itself, what it imports (not what it imports later), and their styles. */
export function firstLoad(graph: Graph, entry: string): string[] {
  const start = Object.keys(graph).find((file) => graph[file]?.entry && graph[file].name === entry);
  if (!start) throw new Error(`no entry named ${entry}`);
  const found = new Set<string>();
  const waiting = [start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    waiting.push(...(graph[file]?.imports ?? []));
    for (const style of graph[file]?.styles ?? []) found.add(style);
  }
  return [...found];
}

/** Bytes as they travel (gzip, which every browser takes) of the files with this ending. */
export function compressedSize(directory: string, files: string[], ending: string): number {
  const sizes = files.filter((file) => file.endsWith(ending)).map((file) => readFileSync(join(directory, `${file}.gz`)).length);
  return sizes.reduce((sum, size) => sum + size, 0);
}
