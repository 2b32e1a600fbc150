/**
 * Notifications of the system while the page is in the background. Asked for by a click only; off until then. What they say
 * about a conversation is the conversation's: it calls `notify`.
 */
import { signal } from "@preact/signals";
import { kept } from "./state/store.ts";

export type Permission = "absent" | "ask" | "granted" | "denied";

export interface Note {
  readonly title: string;
  readonly body: string;
  /** A newer note of the same tag takes the place of the older. */
  readonly tag: string;
  /** The part of the address behind `#` to open when it is clicked. */
  readonly hash: string;
}

const KEY = "notify";
const LONGEST = 140;

/** What the browser allows. */
export const permission = signal<Permission>(read());
/** Whether somebody wants notifications on this device. */
export const wanted = signal(kept.get(KEY) === "on");

/** Turn notifications on; call from a click. False when the browser does not allow it. */
export async function turnOn(): Promise<boolean> {
  if (read() === "ask") await Notification.requestPermission();
  permission.value = read();
  if (permission.value !== "granted") return false;
  wanted.value = true;
  kept.set(KEY, "on");
  return true;
}

export function turnOff(): void {
  wanted.value = false;
  kept.set(KEY, "off");
}

/** Follow clicks on notes that the worker showed; call once. */
export function startNotify(): void {
  navigator.serviceWorker?.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    const hash = typeof data === "object" && data !== null && "open" in data ? data.open : null;
    if (typeof hash === "string") location.hash = hash;
  });
}

/** Show a note if the page is in the background and notifications are on. */
export async function notify({ title, body, tag, hash }: Note): Promise<void> {
  if (!wanted.peek() || read() !== "granted" || document.visibilityState === "visible") return;
  const options: NotificationOptions = { body: body.slice(0, LONGEST), tag, icon: "/icon.svg", data: { hash } };
  const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  if (worker?.active) return worker.showNotification(title.slice(0, LONGEST), options);
  show(title.slice(0, LONGEST), options, hash);
}

/** Without a worker the page shows it itself, and is there to be clicked for as long as it lives. */
function show(title: string, options: NotificationOptions, hash: string): void {
  try {
    const shown = new Notification(title, options);
    shown.onclick = () => {
      focus();
      location.hash = hash;
      shown.close();
    };
  } catch {
    // Some phones show notifications of workers only.
  }
}

function read(): Permission {
  if (!("Notification" in globalThis)) return "absent";
  return Notification.permission === "default" ? "ask" : Notification.permission;
}
