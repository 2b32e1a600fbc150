/**
 * Where the focus goes when what had it is gone.
 *
 * A button is often gone once it was pressed. Browsers then leave the focus on the body, and a screen reader begins at the top of
 * the page again. That happens on every screen, so there is one rule for all of them: the focus goes to the nearest thing that the
 * lost one stood in and that is still there and says what it is, which is a region with `data-lands` or one with a heading. The
 * document is looked at in the task of each change, so nobody has seen it yet, and the focus is taken from nobody: it moves only
 * while nothing has it. A screen that is still being loaded is waited for. From what is aside of everything (`data-aside`: a notice)
 * the focus goes back to where it came from.
 */

let path: readonly Element[] = []; // what has, or had, the focus, with all it stands in
const ways = new WeakMap<Element, readonly Element[]>();

/** Follow the focus; call once. */
export function watchFocus(): void {
  document.addEventListener("focusin", ({ target, relatedTarget: before }) => {
    if (!(target instanceof Element)) return;
    path = pathOf(target);
    const aside = target.closest("[data-aside]");
    if (aside && before instanceof Element && !aside.contains(before)) ways.set(aside, pathOf(before));
  });
  new MutationObserver(() => { if (isLost()) land(path); }).observe(document.body, { childList: true, subtree: true });
}

/** When this goes and has the focus, the focus goes back to where it is now. Call before it gets it. */
export function leadsBack(from: Element): void {
  if (document.activeElement) ways.set(from, pathOf(document.activeElement));
}

function isLost(): boolean {
  return document.activeElement === document.body && path[0]?.isConnected === false;
}

function land(lost: readonly Element[]): boolean {
  return lost.some((element) => {
    if (element.isConnected) return (element === lost[0] && take(element)) || landIn(element);
    const way = ways.get(element);
    return way !== undefined && land(way);
  });
}

function landIn(element: Element): boolean {
  if (element.matches("[data-lands]")) return take(element);
  return [...element.querySelectorAll("h1, h2")].some(take);
}

/** Whether it has the focus now: what is hidden does not take it. */
function take(element: Element): boolean {
  if (!(element instanceof HTMLElement)) return false;
  if (/^H\d$/.test(element.tagName)) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  return document.activeElement === element;
}

function pathOf(element: Element): Element[] {
  const found: Element[] = [];
  for (let each: Element | null = element; each; each = each.parentElement) found.push(each);
  return found;
}
