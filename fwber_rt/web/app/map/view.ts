/** What part of the plane is drawn where: from the plane of the map (0 to 1) to pixels of a canvas. */

export interface View {
  /** Pixels of the whole world's width. */
  readonly scale: number;
  /** Pixel coordinates of the canvas's corner in the world. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** The middle of the view in the plane: of the copies of the world, the one nearest to it is drawn. */
  readonly middleX: number;
}

/** How many worlds to the side a shape at `x` is drawn, so that it is near the middle of the view. */
export function copies(view: View, x: number): number {
  return Math.round(view.middleX - x);
}

export function px(view: View, x: number, copy: number): number {
  return (x + copy) * view.scale - view.left;
}

export function py(view: View, y: number): number {
  return y * view.scale - view.top;
}

/** Whether a circle of pixels touches the canvas. */
export function visible(view: View, x: number, y: number, reach: number): boolean {
  return x > -reach && y > -reach && x < view.width + reach && y < view.height + reach;
}
