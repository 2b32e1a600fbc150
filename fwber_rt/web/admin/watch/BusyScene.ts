/** The map of the busiest hexagons: Leaflet for moving about, one canvas for what is on it. */
import { Map as LeafletMap, TileLayer } from "leaflet";
import { groundCells, groundLevel } from "../../app/map/ground.ts";
import { corners, outline } from "../../app/map/hexagons.ts";
import { Layer } from "../../app/map/Layer.ts";
import { paintCells, paintCounts, paintGround } from "../../app/map/paint.ts";
import type { Palette } from "../../app/map/palette.ts";
import type { View } from "../../app/map/view.ts";
import type { BusyCell, Tiles } from "../../client/index.ts";

const NEAREST = 14;
const USUAL_LEVEL = 8;

export class BusyScene {
  readonly #map: LeafletMap;
  readonly #layer: Layer;
  #cells: readonly BusyCell[] = [];
  #palette: Palette | null = null;
  #looked = false;

  constructor(host: HTMLElement) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#map = new LeafletMap(host, {
      center: { lat: 30, lng: 0 }, zoom: 2, minZoom: 1, maxZoom: 18, attributionControl: false, worldCopyJump: true, scrollWheelZoom: false,
      fadeAnimation: !calm, zoomAnimation: !calm, inertia: !calm,
    });
    this.#layer = new Layer((ctx, view) => this.#paint(ctx, view)).addTo(this.#map);
  }

  /** Show these; the first time there are any, go where they are. */
  show(cells: readonly BusyCell[], palette: Palette): void {
    this.#cells = cells;
    this.#palette = palette;
    if (!this.#looked && cells.length > 0) {
      this.#looked = true;
      this.look(cells.map(({ cell }) => cell));
    }
    this.#layer.draw();
  }

  /** Move so that these cells are in view. */
  look(cells: readonly string[]): void {
    const points = cells.flatMap((cell) => corners(cell, this.#map.getCenter().lng));
    if (points.length > 0) this.#map.fitBounds(points, { padding: [12, 12], maxZoom: NEAREST, animate: false });
  }

  tiles(tiles: Tiles): void {
    new TileLayer(tiles.url, { maxNativeZoom: tiles.max_zoom, maxZoom: 18, className: "tiles", referrerPolicy: "origin" }).addTo(this.#map);
  }

  remove(): void {
    this.#map.remove();
  }

  #paint(ctx: CanvasRenderingContext2D, view: View): void {
    const palette = this.#palette;
    if (!palette) return;
    const [middle, zoom] = [this.#map.getCenter().wrap(), this.#map.getZoom()];
    const ground = groundCells(middle, groundLevel(zoom, middle.lat, USUAL_LEVEL), zoom, Math.hypot(view.width, view.height) / 2);
    paintGround(ctx, view, ground, palette.line);
    const known = this.#cells.filter(({ cell }) => outline(cell).length > 0);
    paintCells(ctx, view, known.map(({ cell }) => cell), { fill: palette.people, line: palette.accent });
    paintCounts(ctx, view, known.map(({ cell, count }) => ({ cell, count, named: 0 })), palette);
  }
}
