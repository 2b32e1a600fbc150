/** What the client library asks of a browser. */
import type { Environment, HttpRequest, PageEvent, Socket, Store } from "../client/index.ts";

export const environment: Environment = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  later: (ms, call) => setTimeout(call, ms),
  cancel: (timer) => clearTimeout(timer as number),
  socket: (url) => new WebSocket(url) as Socket,
  fetch: (url: string, request: HttpRequest) => fetch(url, { ...request, redirect: "error", cache: "no-store" }),
  alone,
  hold,
  onPage,
};

/** Web Locks where there are any; without them tabs take their chance. */
async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request(name, work) : await work();
}

function hold(name: string, withinMs: number): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const asked = navigator.locks.request(name, { signal: AbortSignal.timeout(withinMs) }, () => {
      resolve(true);
      return new Promise<void>(() => undefined); // until the page goes
    });
    asked.catch(() => resolve(false));
  });
}

function onPage(call: (event: PageEvent) => void): () => void {
  const wake = () => call("wake");
  const leave = () => call("leave");
  const turned = () => call(document.visibilityState === "visible" ? "wake" : "leave");
  addEventListener("online", wake);
  addEventListener("pageshow", wake);
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", turned);
  return () => {
    removeEventListener("online", wake);
    removeEventListener("pageshow", wake);
    removeEventListener("pagehide", leave);
    document.removeEventListener("visibilitychange", turned);
  };
}

/** `localStorage` (all tabs) or `sessionStorage` (this one). Where the browser refuses or it is full, the page's memory. */
export function store(kind: "localStorage" | "sessionStorage", prefix = "fwber."): Store {
  const memory = new Map<string, string>();
  const kept = storage(kind);
  return {
    get: (key) => memory.get(key) ?? kept?.getItem(prefix + key) ?? null,
    set(key, value) {
      memory.delete(key);
      try {
        if (!kept) throw new Error("storage is disabled");
        kept.setItem(prefix + key, value);
      } catch {
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      kept?.removeItem(prefix + key);
    },
    keys() {
      const names = kept ? Object.keys(kept).filter((name) => name.startsWith(prefix)) : [];
      return [...new Set([...names.map((name) => name.slice(prefix.length)), ...memory.keys()])];
    },
    watch(call) {
      const changed = (event: StorageEvent) => {
        if (event.storageArea === kept && event.key?.startsWith(prefix)) call(event.key.slice(prefix.length));
      };
      addEventListener("storage", changed);
      return () => removeEventListener("storage", changed);
    },
  };
}

/** Whether what is kept survives a reload. */
export function persists(): boolean {
  const found = storage("localStorage");
  try {
    found?.setItem("fwber.probe", "1");
    found?.removeItem("fwber.probe");
    return found !== null;
  } catch {
    return false; // full
  }
}

function storage(kind: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return window[kind] as Storage | null;
  } catch {
    return null; // disabled
  }
}
