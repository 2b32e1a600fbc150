/**
 * A canvas over the map that is drawn by us. Leaflet's Renderer places it: larger than the view so that dragging shows no edge,
 * scaled while a zoom is animated, redrawn when the map rests. Leaflet's own canvas draws one object per shape; ours draws a
 * thousand dots in two dozen strokes.
 */
import { Renderer, type Bounds, type Map as LeafletMap, type RendererOptions } from "leaflet";
import { x } from "./mercator.ts";
import type { View } from "./view.ts";

/** What Leaflet 1.9 gives to those who extend Renderer. */
interface Inside {
  _map: LeafletMap;
  _container: HTMLCanvasElement;
  _bounds: Bounds;
  _update(): void;
}

const Base = Renderer as unknown as new (options: RendererOptions) => Renderer & Inside;
const PADDING = 0.25;
const SHARPEST = 2; // device pixels per pixel: more costs memory and shows nothing

export class Layer extends Base {
  readonly #paint: (ctx: CanvasRenderingContext2D, view: View) => void;
  readonly #ctx: CanvasRenderingContext2D | null;
  #view: View | null = null; // what the canvas shows: it is moved and scaled as a whole until the map rests

  constructor(paint: (ctx: CanvasRenderingContext2D, view: View) => void) {
    super({ padding: PADDING });
    this.#paint = paint;
    this._container = document.createElement("canvas");
    this._container.className = "scene leaflet-zoom-animated";
    this._container.setAttribute("aria-hidden", "true");
    this.#ctx = this._container.getContext("2d");
  }

  /** Draw again, as the view is. */
  draw(): void {
    const [ctx, view] = [this.#ctx, this.#view];
    if (!ctx || !view) return;
    const sharp = Math.min(SHARPEST, devicePixelRatio || 1);
    ctx.setTransform(sharp, 0, 0, sharp, 0, 0);
    ctx.clearRect(0, 0, view.width, view.height);
    this.#paint(ctx, view);
  }

  /** The view of the part of the map inside its frame, for what is under a pointer. */
  frame(): View | null {
    const map = this._map as LeafletMap | undefined;
    if (!map) return null;
    const { min } = map.getPixelBounds();
    const size = map.getSize();
    const scale = 256 * 2 ** map.getZoom();
    return { scale, left: min?.x ?? 0, top: min?.y ?? 0, width: size.x, height: size.y, middleX: x(map.getCenter().lng) };
  }

  /** Called by Leaflet when the map has come to rest, was resized, or jumps. */
  override _update(): void {
    super._update();
    const corner = this._bounds.min;
    const size = this._bounds.getSize();
    if (!corner) return;
    const sharp = Math.min(SHARPEST, devicePixelRatio || 1);
    const [width, height] = [Math.round(size.x * sharp), Math.round(size.y * sharp)];
    if (this._container.width !== width || this._container.height !== height) {
      this._container.width = width;
      this._container.height = height;
      this._container.style.width = `${size.x}px`;
      this._container.style.height = `${size.y}px`;
    }
    this._container.style.transform = `translate3d(${corner.x}px, ${corner.y}px, 0)`;
    const origin = this._map.getPixelOrigin();
    this.#view = {
      scale: 256 * 2 ** this._map.getZoom(), left: origin.x + corner.x, top: origin.y + corner.y,
      width: size.x, height: size.y, middleX: x(this._map.getCenter().lng),
    };
    this.draw();
  }

  _destroyContainer(): void {
    this._container.remove();
  }
}
