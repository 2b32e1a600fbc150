import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { dismiss, notices, say } from "./notices.ts";

const texts = (): string[] => notices.value.map(({ text }) => text);

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => {
  for (const { id } of notices.value) dismiss(id);
  vi.useRealTimers();
});

it("shows a few at once, each once, and the newest rather than the oldest", () => {
  for (const text of ["a", "b", "c", "d", "c"]) say(text);
  expect(texts()).toEqual(["b", "d", "c"]);
});

it("shows one of those about the same, the newest", () => {
  say("one asks", { about: "asks" });
  say("something else");
  say("two ask", { about: "asks" });
  expect(texts()).toEqual(["something else", "two ask"]);
});

it("lets what stays stay, whatever else is said and however long it takes", () => {
  say("warning", { stay: true });
  for (const text of ["a", "b", "c"]) say(text);
  expect(texts()).toEqual(["warning", "b", "c"]);
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(["warning"]);
});

it("shows the newest word even among many that stay", () => {
  for (const text of ["a", "b", "c"]) say(text, { stay: true });
  say("d");
  expect(texts()).toEqual(["a", "b", "c", "d"]);
});

it("gives more time where something is offered", () => {
  say("go there", { action: { text: "Go", run: () => undefined } });
  vi.advanceTimersByTime(10_000);
  expect(texts()).toEqual(["go there"]);
  vi.advanceTimersByTime(30_000);
  expect(texts()).toEqual([]);
});
