/** Looking around: pages of `nearby.people` for the hexagons that are too far to be heard, and presence for those that are not. */
import { batch, effect } from "@preact/signals";
import { ask, hear, link } from "../api.ts";
import { gather } from "../state/frame.ts";
import { beyond, hexes, looking, me } from "../state/people.ts";
import { located, sharing, shown } from "../state/place.ts";
import { NOWHERE, page, presence, without, type NearPerson, type PresencePush } from "./hexes.ts";

const PAGE = 100;
const MOST_PAGES = 10; // a thousand people are drawn with ease; one page is enough almost everywhere
const EVERY_MS = 45_000;
const SOON_MS = 400;

let timer: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

/** Start; call once. */
export function startLooking(): void {
  const take = gather<PresencePush>((pushes) => { hexes.value = presence(hexes.peek(), pushes, me.peek()?.user ?? ""); });
  hear("presence", ({ d }) => take({ ...d, count: typeof d.count === "number" ? d.count : "few" }));
  effect(() => {
    void sharing.value; // what was told in another measure: a ghost is told no names
    hexes.value = page(hexes.peek(), [], me.peek()?.user ?? "");
  });
  effect(() => {
    void shown.value; // from another hexagon others are near
    void sharing.value;
    if (link.value.state === "open" && located.value) lookSoon(SOON_MS);
    else clearTimeout(timer);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && located.peek()) lookSoon(SOON_MS);
  });
}

/** Look again now. */
export async function look(): Promise<void> {
  const mine = ++asked;
  looking.value = true;
  try {
    const people: NearPerson[] = [];
    let cursor = "";
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const found = await ask("nearby.people", { limit: PAGE, ...(cursor ? { cursor } : {}) });
      if (mine !== asked) return; // asked anew meanwhile, or left
      people.push(...found.people);
      cursor = found.next ?? "";
      if (cursor && pages + 1 < MOST_PAGES) continue;
      batch(() => {
        hexes.value = page(hexes.peek(), people, me.peek()?.user ?? "");
        beyond.value = count(found.count);
      });
      return;
    }
  } finally {
    if (mine === asked) {
      looking.value = false;
      lookSoon(EVERY_MS);
    }
  }
}

/** Somebody is to be seen no more. */
export function lose(user: string): void {
  hexes.value = without(hexes.peek(), user);
}

/** Nobody is around any more: I left the map. */
export function nowhere(): void {
  asked += 1;
  clearTimeout(timer);
  hexes.value = NOWHERE;
  beyond.value = "few";
  looking.value = false;
}

function lookSoon(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (document.visibilityState === "visible" && located.peek() && link.peek().state === "open") look().catch(() => undefined); // the banner tells
  }, ms);
}

function count(given: number | string): number | "few" {
  return typeof given === "number" ? given : "few";
}
