import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { closure, HEAD, type Graph, report, spend } from "./budget.ts";

const chunk = (name: string, imports: string[] = [], later: string[] = [], styles: string[] = []): Graph[string] => ({
  name, entry: false, imports, later, styles,
});
const GRAPH: Graph = {
  "a.js": chunk("index", ["b.js"], ["c.js"], ["a.css"]),
  "b.js": chunk("shared", ["a.js"]),
  "c.js": chunk("Shell", ["b.js", "d.js"]),
  "d.js": chunk("map", [], [], ["d.css"]),
  "e.js": chunk("admin", ["b.js"]),
};

test("what is needed at once leaves out what comes later", () => {
  expect(closure(GRAPH, "index")).toEqual(["a.css", "a.js", "b.js"]);
  expect(closure(GRAPH, "index", true)).toEqual(["a.css", "a.js", "b.js", "c.js", "d.css", "d.js"]);
  expect(() => closure(GRAPH, "gone")).toThrow("no script is named gone");
});

test("scripts are counted once, as they travel", () => {
  const directory = mkdtempSync(join(tmpdir(), "budget-"));
  for (const [index, name] of ["a.js", "b.js", "c.js", "d.js"].entries()) {
    writeFileSync(join(directory, `${name}.gz`), "x".repeat(10 ** index));
  }
  const spent = spend(directory, GRAPH, { what: "with the map", chunks: ["index", "Shell"], encoding: "gzip", limit: 1_000 });
  expect(spent.bytes).toBe(1_111 + 4 * HEAD);
  expect(spent.files).toEqual(["a.js", "b.js", "c.js", "d.js"]);
  expect(report(spent)).toMatch(/^OVER {2}with the map +2\.3 kB gzip of 1 kB of script$/);
  expect(report({ ...spent, limit: 1_111 + 4 * HEAD })).toMatch(/^ {2}ok/);
});
