/** Installing the page as an app, where the browser offers it. */
import { signal } from "@preact/signals";

interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

let offer: InstallEvent | null = null;

export const canInstall = signal(false);

/** Start; call once, early: the browser offers once. */
export function watchInstall(): void {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault(); // we offer it ourselves, under Me
    offer = event as InstallEvent;
    canInstall.value = true;
  });
  addEventListener("appinstalled", () => { canInstall.value = false; });
}

export async function install(): Promise<void> {
  await offer?.prompt();
  offer = null;
  canInstall.value = false;
}
