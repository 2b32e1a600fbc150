/** The keys a phone draws over the page: how much of it they cover, as `--keys` of the root, so that what is written stays above them. */

const LEAST_PX = 120; // less is a bar of the browser that comes and goes

/** Pixels of the page below what is in sight; 0: nothing that is worth moving for. Zooming in by hand covers nothing. */
export function keys(inner: number, visible: { readonly height: number; readonly offsetTop: number; readonly scale: number } | null): number {
  if (!visible || visible.scale > 1.01) return 0;
  const covered = Math.round(inner - visible.height - visible.offsetTop);
  return covered < LEAST_PX ? 0 : covered;
}

/** Start; call once. Browsers that make the page smaller instead (`interactive-widget` in index.html) cover nothing. */
export function watchKeyboard(): void {
  const visible = window.visualViewport;
  if (!visible) return;
  const measure = (): void => {
    const covered = keys(innerHeight, visible);
    document.documentElement.style.setProperty("--keys", `${covered}px`);
    if (covered > 0) scrollTo(0, 0); // the page fits above the keys: nothing has to be scrolled into sight
  };
  visible.addEventListener("resize", measure);
  visible.addEventListener("scroll", measure);
}
