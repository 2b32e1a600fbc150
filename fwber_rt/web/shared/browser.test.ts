import { afterEach, expect, test, vi } from "vitest";
import { environment, persists, store } from "./browser.ts";

/** A `Storage`, as browsers have it; `room`: how many entries fit. */
function storage(room = 100): Storage {
  const kept: Record<string, string> = {};
  const methods = {
    getItem: (key: string) => kept[key] ?? null,
    setItem(key: string, value: string) {
      if (!(key in kept) && Object.keys(kept).length >= room) throw new DOMException("full", "QuotaExceededError");
      kept[key] = value;
    },
    removeItem: (key: string) => void delete kept[key],
  };
  return new Proxy(kept, {
    get: (target, key) => (key in methods ? methods[key as keyof typeof methods] : target[key as string]),
  }) as unknown as Storage;
}

const browser = (found: Partial<Record<"localStorage" | "sessionStorage", Storage>>): void => {
  const window = {};
  for (const kind of ["localStorage", "sessionStorage"] as const) {
    Object.defineProperty(window, kind, {
      get() {
        if (!found[kind]) throw new DOMException("disabled", "SecurityError");
        return found[kind];
      },
    });
  }
  vi.stubGlobal("window", window);
};

afterEach(() => vi.unstubAllGlobals());

test("what is kept is seen by the next page, under a name of its own", () => {
  const shared = storage();
  browser({ localStorage: shared });
  store("localStorage").set("a", "1");
  shared.setItem("of another page", "2");
  expect(store("localStorage").get("a")).toBe("1");
  expect(store("localStorage").keys()).toEqual(["a"]);
  expect(persists()).toBe(true);
  store("localStorage").remove("a");
  expect(store("localStorage").get("a")).toBeNull();
});

test("with storage disabled the page remembers by itself, and says that nothing lasts", () => {
  browser({});
  const kept = store("localStorage");
  kept.set("a", "1");
  expect([kept.get("a"), kept.keys(), persists()]).toEqual(["1", ["a"], false]);
  expect(store("localStorage").get("a")).toBeNull();
  kept.remove("a");
  expect(kept.keys()).toEqual([]);
});

test("what no longer fits is remembered by the page, and what did fit stays", () => {
  browser({ localStorage: storage(1) });
  const kept = store("localStorage");
  kept.set("a", "1");
  kept.set("b", "2");
  expect([kept.get("a"), kept.get("b"), kept.keys().sort()]).toEqual(["1", "2", ["a", "b"]]);
  kept.set("a", "3");
  kept.remove("b");
  expect([kept.get("a"), kept.get("b")]).toEqual(["3", null]);
});

test("a full storage is still read: whoever is signed in stays so, and what is new lasts for this visit", () => {
  const full = storage(1);
  full.setItem("fwber.session", "mine");
  browser({ localStorage: full });
  const kept = store("localStorage");
  kept.set("draft", "new");
  expect([kept.get("session"), kept.get("draft"), persists()]).toEqual(["mine", "new", false]);
});

test("without locks tabs take their chance", async () => {
  vi.stubGlobal("navigator", {});
  expect(await environment.alone("x", () => Promise.resolve(7))).toBe(7);
  expect(await environment.hold("x", 10)).toBe(true);
});

test("a lock somebody else holds is not waited for longer than asked", async () => {
  const request = (_name: string, { signal }: { signal: AbortSignal }): Promise<void> =>
    new Promise((_, reject) => { signal.onabort = () => reject(signal.reason as Error); });
  vi.stubGlobal("navigator", { locks: { request } });
  expect(await environment.hold("x", 1)).toBe(false);
});
