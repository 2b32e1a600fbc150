/** Dark or light: as the system, unless somebody chose. */
import { effect, signal } from "@preact/signals";
import { kept } from "./store.ts";

export const LOOKS = ["system", "light", "dark"] as const;
export type Look = (typeof LOOKS)[number];

const KEY = "look";

export const look = signal<Look>(LOOKS.find((each) => each === kept.get(KEY)) ?? "system");
/** Whether it is dark now; changes with the system's choice too. */
export const dark = signal(false);

/** Keep the document as chosen; call once. */
export function startLook(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const wanted = (): boolean => (look.peek() === "system" ? system.matches : look.peek() === "dark");
  system.addEventListener("change", () => { dark.value = wanted(); });
  effect(() => {
    if (look.value === "system") delete document.documentElement.dataset.look;
    else document.documentElement.dataset.look = look.value;
    dark.value = wanted();
  });
}

export function chooseLook(chosen: Look): void {
  look.value = chosen;
  kept.set(KEY, chosen);
}
