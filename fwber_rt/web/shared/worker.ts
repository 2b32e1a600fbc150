/** The service worker keeps the page's shell, so that it opens without a network; see worker/sw.ts. */
export function registerWorker(): void {
  if (import.meta.env.PROD && "serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").catch(() => undefined); // without it the page works, only not offline
  }
}
