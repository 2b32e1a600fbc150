/**
 * Errors of the page's own scripts, reported to the operator: which kind at which place of which file, and nothing of what was said
 * or who was there. The browser reports violations of the page's policy by itself.
 */
import { PREFIX } from "../client/index.ts";

const MOST = 5; // of one visit: the same fault is often many

/** Call once. */
export function reportErrors(): void {
  let left = MOST;
  const report = (error: unknown, at: string): void => {
    if (left <= 0) return;
    left -= 1;
    const body = JSON.stringify({ error: error instanceof Error ? error.name : "Error", at: place(error, at) });
    navigator.sendBeacon(`${PREFIX}/page/reports`, new Blob([body], { type: "application/json" }));
  };
  addEventListener("error", (event) => report(event.error, `${event.filename}:${event.lineno}:${event.colno}`));
  addEventListener("unhandledrejection", (event) => report(event.reason, ""));
}

/** The first place in a script of ours that the error names, as `/assets/index-abc.js:1:200`; `otherwise` when it names none. */
export function place(error: unknown, otherwise: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return /\/(?:assets\/[\w.-]+|sw)\.js(?::\d+){0,2}/.exec(stack || otherwise)?.[0] ?? "/unknown";
}
