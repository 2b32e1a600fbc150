import { relative } from "node:path";
import { defineConfig } from "vite";
import { finish } from "./build/finish.ts";

const INPUT = { index: "index.html", admin: "admin.html", sw: "worker/sw.ts" };

/**
 * What would be a dozen chunks of a few hundred bytes, each with a head of its own in the first load, as two; each with what it
 * imports, and the first before the second. `both`: what the operator's page needs too. `page`: what this page alone does at once,
 * its connection before all, so no file of `admin/` may import any of it.
 */
const CHUNKS = [
  {
    name: "both",
    test: within(/^(shared\/|client\/session\.|app\/(device|format|map\/mercator|shell\/Guard|state\/look|ui\/(Avatar|Dialog|Name|Field|Form|Toasts))\.)|vite\/preload-helper/),
  },
  { name: "page", test: within(/^app\/(api|state\/(conversations|people|place))\./) },
];

/** Which modules: by their paths from here. */
function within(of: RegExp): (id: string) => boolean {
  return (id) => of.test(relative(import.meta.dirname, id).replaceAll("\\", "/"));
}

export default defineConfig({
  root: import.meta.dirname,
  logLevel: process.argv.includes("build") ? "warn" : "info", // sizes are told by finish()
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // nothing in data: addresses; the policy of the page allows few
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      input: INPUT,
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
        codeSplitting: { groups: CHUNKS },
      },
    },
  },
  plugins: [finish()],
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } } },
});
