/** The scene of a host element, fed from the page's state for as long as the element is there. */
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { go, route } from "../router/router.ts";
import { config } from "../state/config.ts";
import { nextFrame } from "../state/frame.ts";
import { dark, look } from "../state/look.ts";
import { centreOfMap, wish } from "../state/map.ts";
import { hexes } from "../state/people.ts";
import { cell, fix, heard, placing, sharing, shown } from "../state/place.ts";
import { draft, mine, onMap, pointed } from "../state/rooms.ts";
import { useHand } from "../place/being.ts";
import { preview } from "../place/preview.ts";
import { around, centre } from "./hexagons.ts";
import type { Hit } from "./hit.ts";
import { circle, dotsOf, patchesOf } from "./model.ts";
import { readPalette } from "./palette.ts";
import { Scene, type Model } from "./Scene.ts";
import { guess } from "./start.ts";

export interface Hover {
  readonly hit: Exclude<Hit, null>;
  readonly x: number;
  readonly y: number;
}

const current = signal<Scene | null>(null);
const hovered = signal<Hover | null>(null);

export const scene: ReadonlySignal<Scene | null> = current;
/** What is under the pointer, where there is one. */
export const hover: ReadonlySignal<Hover | null> = hovered;

const rooms = computed(() => {
  const circles = onMap.value.map((room) => circle(room.room, room.name, centre(room.cell), room.radius_m, mine.value.has(room.room), Number(room.members) || 0));
  const made = draft.value;
  return made ? [...circles, circle("", "", made, made.radiusM, true)] : circles;
});
const dots = computed(() => dotsOf(hexes.value));
const patches = computed(() => patchesOf(hexes.value));

export function useScene() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => (host.current ? attach(host.current) : undefined), []);
  return host;
}

/** How much of the map's lower part a phone's sheet covers, or what is there while one puts oneself on it; pixels. */
export function covered(): number {
  const stage = current.peek()?.map.getContainer().getBoundingClientRect();
  const over = (placing.peek() ? document.querySelector(".placing-bar") : document.getElementById("panel"))?.getBoundingClientRect();
  if (!stage || !over || over.right <= stage.left + 1) return 0; // beside it
  return Math.max(0, Math.min(stage.height * 0.7, stage.bottom - over.top));
}

/** The middle of what is in sight is somewhere else now, because the map or what covers it has moved. */
export function settle(): void {
  const now = current.peek();
  if (!now) return;
  const below = covered();
  now.map.getContainer().parentElement?.style.setProperty("--covered", `${below}px`);
  centreOfMap.value = now.middle(below);
}

function attach(element: HTMLElement): () => void {
  const palette = computed(() => { void look.value; return readPalette(element, dark.value); });
  const model = computed<Model>(() => ({
    level: config.value.resolution, palette: palette.value, heard: heard.value, dots: dots.value, patches: patches.value,
    shown: preview.value ?? shown.value, inside: cell.value === shown.value ? null : cell.value, me: placing.value ? null : fix.value, rooms: rooms.value,
    zones: route.value.screen === "privacy" ? (sharing.value?.zones ?? []) : [], person: route.value.user ?? null, room: pointed.value ?? route.value.room ?? null,
  }));
  const demo = config.peek().demo;
  const start = demo ? { centre: centre(demo), zoom: 14 } : guess(new Date().getTimezoneOffset());
  const made = new Scene(element, model.peek(), start, {
    onTap(point, hit) {
      if (placing.peek()) useHand(point);
      else if (hit) open(hit);
    },
    onHover(hit, at) {
      element.classList.toggle("pointing", hit !== null && !placing.peek());
      hovered.value = hit && at ? { hit, x: at.x, y: at.y } : null;
    },
    onRest: settle,
  });
  current.value = made;
  settle();
  const resized = new ResizeObserver(() => {
    made.map.invalidateSize({ pan: false });
    settle();
  });
  for (const each of [element, document.getElementById("panel")]) if (each) resized.observe(each);
  const undo = [
    effect(() => made.show(model.value)),
    effect(() => made.tiles(config.value.tiles)),
    effect(() => { element.classList.toggle("placing", placing.value); }),
    effect(() => {
      if (wish.value) atRest(() => {
        const cells = wish.peek();
        if (!cells || current.peek() !== made) return;
        made.look(cells, covered());
        wish.value = null;
      });
    }),
    followMe(made),
  ];
  return () => {
    for (const call of undo) call();
    resized.disconnect();
    current.value = null;
    hovered.value = null;
    made.remove();
  };
}

/** Once the panel is as high as it is about to be: whoever wishes to see something on the map often makes it smaller for that. */
function atRest(then: () => void): void {
  nextFrame(() => {
    const moves = document.getElementById("panel")?.getAnimations() ?? [];
    void Promise.allSettled(moves.map(({ finished }) => finished)).then(then);
  });
}

/** When I come onto the map, or come back, the map goes there; from then on it stays where somebody moves it. */
function followMe(made: Scene): () => void {
  let there = false;
  return effect(() => {
    const mine = cell.value ?? shown.value;
    if (mine !== null && !there) made.look(around(mine, 1), covered());
    there = mine !== null;
  });
}

function open(hit: Exclude<Hit, null>): void {
  if ("person" in hit) go({ screen: "person", user: hit.person.user });
  else if (hit.room.room) go(mine.peek().has(hit.room.room) ? { screen: "room", room: hit.room.room } : { screen: "roomAbout", room: hit.room.room });
}
