/**
 * What is done to the files once they are made: the service worker is told which belong to the page, everything
 * that is text is compressed beside itself (the server only picks), and sizes are checked against the budget and printed.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { BUDGETS, closure, type Graph, report, spend } from "./budget.ts";

const TEXT = /\.(js|css|html|svg|json|webmanifest)$/;

export function finish(): Plugin {
  const graph: Graph = {};
  let directory = "dist";
  return {
    name: "fwber-finish",
    apply: "build",
    configResolved(config) {
      directory = join(config.root, config.build.outDir);
    },
    writeBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") {
          const styles = file.viteMetadata ? [...file.viteMetadata.importedCss] : [];
          const { name, isEntry: entry, imports, dynamicImports: later } = file;
          graph[file.fileName] = { name, entry, imports, later, styles };
        }
      }
    },
    closeBundle() {
      const files = readdirSync(directory, { recursive: true, encoding: "utf-8" }).map((file) => file.replaceAll("\\", "/"));
      tellWorker(directory, [...closure(graph, "index", true), "icon.svg", "manifest.webmanifest"]);
      for (const file of files.filter((file) => TEXT.test(file))) compress(join(directory, file));
      const budgets = BUDGETS.map((budget) => spend(directory, graph, budget));
      console.info(budgets.map(report).join("\n"));
      writeFileSync(join(directory, "graph.json"), JSON.stringify({ budgets, graph }, null, 1));
    },
  };
}

/** Put the list of the shell's files, and a version that changes with any of them, in front of the worker. */
function tellWorker(directory: string, files: string[]): void {
  const path = join(directory, "sw.js");
  const hash = createHash("sha256").update(readFileSync(join(directory, "index.html")));
  for (const file of files) hash.update(readFileSync(join(directory, file)));
  const shell = { version: hash.digest("hex").slice(0, 16), files: files.map((file) => `/${file}`) };
  writeFileSync(path, `const SHELL=${JSON.stringify(shell)};${readFileSync(path, "utf-8")}`);
}

function compress(path: string): void {
  const content = readFileSync(path);
  const size = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length, [constants.BROTLI_PARAM_QUALITY]: 11 };
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params: size }));
}
