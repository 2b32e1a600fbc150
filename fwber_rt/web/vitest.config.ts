import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: { include: ["{client,shared,app,admin,build}/**/*.test.{ts,tsx}"] },
});
