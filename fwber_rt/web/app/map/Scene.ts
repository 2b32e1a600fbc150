/**
 * The map: Leaflet for moving about, two canvases of ours for what is on it. The lower one (ground, rooms) is drawn when the map
 * moves; the upper one (hexagons, people, me) when people do, at most once per frame.
 */
import { Map as LeafletMap, TileLayer, type LeafletMouseEvent } from "leaflet";
import { nextFrame } from "../state/frame.ts";
import type { Tiles } from "../../client/index.ts";
import { groundCells, groundLevel, edgePx } from "./ground.ts";
import { corners, resolution } from "./hexagons.ts";
import { hit, type Hit } from "./hit.ts";
import { Layer } from "./Layer.ts";
import { perMetre, x, y, type Point } from "./mercator.ts";
import type { Circle, Dot, Patch } from "./model.ts";
import { DOT_PX, FACE_PX, paintCells, paintCounts, paintDots, paintGround, paintMe, paintRing, paintRoomNames, paintRooms, roomForFaces } from "./paint.ts";
import type { Palette } from "./palette.ts";
import type { View } from "./view.ts";

export interface Model {
  readonly level: number;
  readonly palette: Palette;
  readonly heard: ReadonlySet<string>;
  readonly dots: readonly Dot[];
  readonly patches: readonly Patch[];
  readonly shown: string | null;
  /** The hexagon I am in, where others do not see me in it (yet). */
  readonly inside: string | null;
  readonly me: (Point & { readonly accuracyM: number }) | null;
  readonly rooms: readonly Circle[];
  readonly zones: readonly { readonly cell: string; readonly hide: boolean }[];
  readonly person: string | null;
  /** The room somebody looks at. */
  readonly room: string | null;
}

export interface SceneEvents {
  onTap(point: Point, hit: Hit): void;
  onHover(hit: Hit, at: { readonly x: number; readonly y: number } | null): void;
  onRest(): void;
}

const TOOLS_PX = 66; // at the right of the map: the style's width of them, and a little air
const SMALLEST_PX = 16; // hexagons with shorter edges show a number instead of dots

export class Scene {
  readonly map: LeafletMap;
  readonly #lower: Layer;
  readonly #upper: Layer;
  #tiles: TileLayer | null = null;
  #model: Model;
  #drawn: Model;
  #waiting = false;
  #gone = false;
  #ground: { key: string; cells: string[] } = { key: "", cells: [] };

  constructor(host: HTMLElement, model: Model, start: { centre: Point; zoom: number }, events: SceneEvents) {
    this.#model = this.#drawn = model;
    this.map = new LeafletMap(host, {
      center: start.centre, zoom: start.zoom, minZoom: 2, maxZoom: 18, zoomSnap: 0.25, zoomDelta: 1, wheelPxPerZoomLevel: 90,
      zoomControl: false, attributionControl: false, worldCopyJump: true, keyboard: true, fadeAnimation: !calm(),
      zoomAnimation: !calm(), inertia: !calm(), maxBounds: [[-85, -100_000], [85, 100_000]], maxBoundsViscosity: 1,
    });
    this.#lower = new Layer((ctx, view) => this.#paintLower(ctx, view)).addTo(this.map);
    this.#upper = new Layer((ctx, view) => this.#paintUpper(ctx, view)).addTo(this.map);
    this.map.on("click", (event: LeafletMouseEvent) => events.onTap(event.latlng.wrap(), this.#hit(event)));
    this.map.on("mousemove", (event: LeafletMouseEvent) => events.onHover(this.#hit(event), event.containerPoint));
    this.map.on("mouseout movestart", () => events.onHover(null, null));
    this.map.on("moveend", () => events.onRest());
  }

  /** Show this from the next frame on. */
  show(model: Model): void {
    this.#model = model;
    if (this.#waiting) return;
    this.#waiting = true;
    nextFrame(() => {
      this.#waiting = false;
      if (this.#gone) return;
      const [now, before] = [this.#model, this.#drawn];
      this.#drawn = now;
      if (now.rooms !== before.rooms || now.palette !== before.palette || now.room !== before.room || now.level !== before.level) this.#lower.draw();
      this.#upper.draw();
    });
  }

  tiles(tiles: Tiles | null): void {
    this.#tiles?.remove();
    this.#tiles = tiles && new TileLayer(tiles.url, { maxNativeZoom: tiles.max_zoom, maxZoom: 18, className: "tiles" }).addTo(this.map);
    this.map.getContainer().classList.toggle("tiled", tiles !== null);
    this.#lower.draw();
  }

  /** Move so that these cells are in view, above whatever covers the lower `covered` pixels. */
  look(cells: readonly string[], covered: number, { near = 16 }: { near?: number } = {}): void {
    const points = cells.flatMap((cell) => corners(cell, this.map.getCenter().lng));
    if (points.length === 0) return;
    const options = { paddingTopLeft: [24, 24] as [number, number], paddingBottomRight: [24, 24 + covered] as [number, number], maxZoom: near };
    this.map.fitBounds(points, { ...options, animate: !calm(), duration: 0.6 });
  }

  centre(): Point {
    return this.map.getCenter().wrap();
  }

  /** The middle of what is in sight above the lower `covered` pixels. */
  middle(covered: number): Point {
    const size = this.map.getSize();
    return this.map.containerPointToLatLng([size.x / 2, (size.y - covered) / 2]).wrap();
  }

  remove(): void {
    this.#gone = true; // a frame may be waited for, and the map has nothing left to be drawn upon
    this.map.remove();
  }

  #hit(event: LeafletMouseEvent): Hit {
    const view = this.#upper.frame();
    const dots = view && this.#dotsShown(view) ? this.#model.dots : [];
    return view && hit(view, event.containerPoint.x, event.containerPoint.y, dots, this.#model.rooms);
  }

  #paintLower(ctx: CanvasRenderingContext2D, view: View): void {
    const { palette, level, rooms, room } = this.#model;
    const zoom = this.map.getZoom();
    const centre = this.centre();
    const drawn = groundLevel(zoom, centre.lat, level);
    paintGround(ctx, view, this.#cells(centre, drawn, zoom, Math.hypot(view.width, view.height) / 2), drawn === level ? palette.grid : palette.line);
    paintRooms(ctx, view, rooms, palette, room);
    this.#mark("fwber:ground");
  }

  /** When something was first seen on the map, for whoever measures. */
  #mark(name: string): void {
    if (performance.getEntriesByName(name).length === 0) performance.mark(name);
  }

  #paintUpper(ctx: CanvasRenderingContext2D, view: View): void {
    const { palette, heard, patches, shown, inside, dots, me, zones, person, rooms, room } = this.#model;
    paintCells(ctx, view, finest(heard), { fill: palette.heard });
    paintCells(ctx, view, patches.map(({ cell }) => cell), { fill: palette.people });
    for (const { cell, hide } of zones) paintCells(ctx, view, [cell], { fill: palette.zoneFill, line: palette.zone, width: 2, dash: hide ? [] : [5, 4] });
    if (inside) paintCells(ctx, view, [inside], { line: palette.me, width: 1.5, dash: [3, 5] });
    if (shown) paintCells(ctx, view, [shown], { fill: palette.shown, line: palette.shownLine, width: 2.5 });
    const close = this.#dotsShown(view);
    paintRoomNames(ctx, view, rooms, palette, this.#end(view), room);
    if (close) this.#paintPeople(ctx, view, dots, person);
    if (me) paintMe(ctx, view, x(me.lng), y(me.lat), me.accuracyM * perMetre(me.lat), palette);
    paintCounts(ctx, view, close ? patches.filter(({ named }) => named === 0) : patches, palette);
    if (shown ?? inside) this.#mark("fwber:hexagon");
  }

  #paintPeople(ctx: CanvasRenderingContext2D, view: View, dots: readonly Dot[], person: string | null): void {
    const most = Math.max(0, ...this.#model.patches.map(({ named }) => named));
    const faces = roomForFaces(most, edgePx(this.#model.level, this.map.getZoom(), this.centre().lat));
    const chosen = person === null ? undefined : dots.find(({ user }) => user === person);
    if (chosen) paintCells(ctx, view, [chosen.cell], { line: this.#model.palette.accent, width: 2.5 });
    paintDots(ctx, view, dots, this.#model.palette, faces);
    if (chosen) paintRing(ctx, view, chosen.x, chosen.y, (faces ? FACE_PX : DOT_PX) + 4, this.#model.palette.accent);
  }

  /** Where the map's tools begin, in pixels of the canvas: what is written stops there. */
  #end(view: View): number {
    const frame = this.#lower.frame() ?? view; // the upper one is drawn before it is known here
    return frame.left - view.left + frame.width - TOOLS_PX;
  }

  #dotsShown(view: View): boolean {
    return view.scale > 0 && edgePx(this.#model.level, this.map.getZoom(), this.centre().lat) >= SMALLEST_PX;
  }

  #cells(centre: Point, level: number, zoom: number, reach: number): string[] {
    const key = `${centre.lat.toFixed(3)}/${centre.lng.toFixed(3)}/${level}/${zoom}/${reach}`;
    if (this.#ground.key !== key) this.#ground = { key, cells: groundCells(centre, level, zoom, reach) };
    return this.#ground.cells;
  }
}

/** Of the hexagons heard, those that none of the others lies in: the ring around me, not the parents it is part of. */
function finest(cells: ReadonlySet<string>): string[] {
  let level = 0;
  for (const cell of cells) level = Math.max(level, resolution(cell));
  return [...cells].filter((cell) => resolution(cell) === level);
}

function calm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
