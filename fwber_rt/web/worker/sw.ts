/**
 * The service worker: keeps the page's shell, so that it opens without a network and says so itself.
 *
 * Names under /assets/ hold a hash of their content, so what is kept of them is never out of date. The page itself is asked
 * for first, and only when nobody answers in time, or a proxy for a server that is gone, comes from the cache. Nothing of the API
 * is ever kept.
 */
declare const self: ServiceWorkerGlobalScope;
declare const SHELL: { version: string; files: string[] }; // put in by the build

const PATIENCE_MS = 4000;
const CACHE = `fwber-shell-${SHELL.version}`;

self.addEventListener("install", (event) => {
  event.waitUntil(keepShell());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === "/") event.respondWith(page(event.request));
  else if (SHELL.files.includes(url.pathname)) event.respondWith(kept(event.request));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(whereTo(event.notification.data)));
});

async function keepShell(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(["/", ...SHELL.files].map((path) => new Request(path, { cache: "reload" })));
  await self.skipWaiting();
}

async function dropOthers(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("fwber-shell-") && name !== CACHE).map((name) => caches.delete(name)));
}

async function page(request: Request): Promise<Response> {
  const answer = fetch(request).then((response) => (response.status < 500 ? response : null), () => null);
  const late = new Promise<null>((resolve) => { setTimeout(resolve, PATIENCE_MS, null); });
  return (await Promise.race([answer, late])) ?? (await caches.match("/")) ?? (await fetch(request));
}

async function kept(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreSearch: true })) ?? (await fetch(request));
}

/** The page, at the part of its address (`#...`) that a note was about. */
async function show(hash: string): Promise<void> {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = open.find(({ url }) => new URL(url).pathname === "/"); // not the operator's
  if (!page) return void (await self.clients.openWindow(`/${hash}`));
  page.postMessage({ open: hash });
  await page.focus();
}

function whereTo(data: unknown): string {
  const hash = typeof data === "object" && data !== null && "hash" in data ? data.hash : "";
  return typeof hash === "string" && hash.startsWith("#") ? hash : "";
}
export {};
