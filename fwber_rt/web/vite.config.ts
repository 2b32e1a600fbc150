import { defineConfig } from "vite";
import { finish } from "./build/finish.ts";

const INPUT = { index: "index.html", admin: "admin.html", sw: "worker/sw.ts" };

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
      },
    },
  },
  plugins: [finish()],
  server: { proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } } },
});
