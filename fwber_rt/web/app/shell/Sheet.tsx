import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { SIZES, sheetSize, type Size } from "../state/sheet.ts";
import { t } from "../text.ts";
import { nearestSize } from "./sizes.ts";

/** The panel: beside the map where there is room, over its lower part on a phone, where it is dragged or stepped to three sizes. */
export function Sheet({ children }: { children: ComponentChildren }) {
  const sheet = useRef<HTMLDivElement>(null);
  const drag = useRef<{ y: number; height: number; moved: boolean } | null>(null);
  const dragged = useRef(false); // a click follows a drag, and is none
  const size = sheetSize.value;

  const down = (event: PointerEvent): void => {
    const height = sheet.current?.getBoundingClientRect().height ?? 0;
    drag.current = { y: event.clientY, height, moved: false };
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    const now = drag.current;
    const element = sheet.current;
    if (!now || !element) return;
    const by = now.y - event.clientY;
    if (Math.abs(by) > 4) now.moved = true;
    element.toggleAttribute("data-dragging", now.moved);
    if (now.moved) element.style.height = `${now.height + by}px`;
  };
  const up = (event: PointerEvent): void => {
    const now = drag.current;
    const element = sheet.current;
    drag.current = null;
    dragged.current = now?.moved ?? false;
    if (!now || !element) return;
    element.removeAttribute("data-dragging");
    element.style.height = "";
    if (now.moved) sheetSize.value = nearestSize(now.height + now.y - event.clientY, innerHeight);
  };
  const step = (): void => {
    if (dragged.current) dragged.current = false;
    else sheetSize.value = NEXT[sheetSize.value];
  };
  return (
    <main class="sheet" id="panel" tabIndex={-1} ref={sheet} data-size={size} onFocusCapture={rise}>
      <button type="button" class="grip" aria-label={t(size === "full" ? "sheet.smaller" : "sheet.larger")}
        onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onClick={step} />
      {children}
    </main>
  );
}

const TYPED_IN = "textarea, input:not([type=range], [type=radio], [type=checkbox])";

/** What has the focus is in sight (the title always is), above the keys of a phone where it is typed in. */
function rise({ target }: FocusEvent): void {
  if (!(target instanceof Element) || target.matches(".grip, .sheet, h1")) return;
  if (target.matches(TYPED_IN)) sheetSize.value = "full";
  else if (sheetSize.peek() === "peek") sheetSize.value = "half";
}

const NEXT: Record<Size, Size> = { [SIZES[0]]: SIZES[1], [SIZES[1]]: SIZES[2], [SIZES[2]]: SIZES[0] };
