import { Component, createRef, type ComponentChildren } from "preact";

interface Props {
  label: string;
  /** Where the list puts itself, for whoever moves it. */
  held: { current: Log | null };
  /** What it shows changed when this did. */
  version: unknown;
  /** Its end is the newest there is. */
  whole: boolean;
  /** Somebody is within a screen of the old end, or of the new one. */
  onTop: () => void;
  onBottom: () => void;
  /** The newest end came into sight, or left it. */
  onFollow: (following: boolean) => void;
  children: ComponentChildren;
}

type Place = { readonly element: HTMLElement; readonly top: number } | "end" | null;

const NEAR_PX = 600;
const END_PX = 48;

/**
 * A list that stays where somebody reads: at its end while they follow, and else at the same line, whatever is put in front of it
 * or taken away. Browsers do that by themselves in one direction only, and not all of them.
 */
export class Log extends Component<Props> {
  readonly #box = createRef<HTMLDivElement>();
  readonly #list = createRef<HTMLOListElement>();
  #following = true;
  #resized: ResizeObserver | null = null;

  override componentDidMount(): void {
    this.props.held.current = this;
    this.toEnd();
    this.#resized = new ResizeObserver(() => { if (this.#following) this.toEnd(); });
    for (const element of [this.#box.current, this.#list.current]) if (element) this.#resized.observe(element);
  }

  override componentWillUnmount(): void {
    this.#resized?.disconnect();
    this.props.held.current = null;
  }

  override shouldComponentUpdate(next: Props): boolean {
    return next.version !== this.props.version || next.label !== this.props.label;
  }

  override getSnapshotBeforeUpdate(): Place {
    const box = this.#box.current;
    if (!box || this.#following) return "end";
    return this.#firstInSight(box);
  }

  override componentDidUpdate(_props: Props, _state: unknown, place: Place): void {
    const box = this.#box.current;
    if (!box) return;
    if (place === "end") this.toEnd();
    else if (place?.element.isConnected) box.scrollTop = place.element.offsetTop - place.top;
    this.#ask(box);
  }

  toEnd(): void {
    const box = this.#box.current;
    if (box) box.scrollTop = box.scrollHeight;
    this.#follow(true);
  }

  /** Bring an element of the list to the upper third. */
  show(element: HTMLElement): void {
    const box = this.#box.current;
    if (!box) return;
    box.scrollTop = element.offsetTop - box.clientHeight / 3;
    this.#scrolled();
  }

  find(selector: string): HTMLElement | null {
    return this.#list.current?.querySelector<HTMLElement>(selector) ?? null;
  }

  #firstInSight(box: HTMLElement): Place {
    const lines = this.#list.current?.children ?? [];
    let [low, high] = [0, lines.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      const line = lines[middle] as HTMLElement;
      if (line.offsetTop + line.offsetHeight > box.scrollTop) high = middle;
      else low = middle + 1;
    }
    while (lines[low]?.classList.contains("between")) low += 1; // days and what stands at the ends change places
    const element = lines[low] as HTMLElement | undefined;
    return element ? { element, top: element.offsetTop - box.scrollTop } : null;
  }

  #follow(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    this.props.onFollow(following);
  }

  #scrolled = (): void => {
    const box = this.#box.current;
    if (!box) return;
    this.#follow(this.props.whole && below(box) < END_PX);
    this.#ask(box);
  };

  #ask(box: HTMLElement): void {
    if (box.scrollTop < NEAR_PX) this.props.onTop();
    if (!this.props.whole && below(box) < NEAR_PX) this.props.onBottom();
  }

  override render({ label, children }: Props) {
    return (
      <div class="talk" ref={this.#box} tabIndex={0} role="region" aria-label={label} onScroll={this.#scrolled}>
        <ol class="lines" ref={this.#list}>{children}</ol>
      </div>
    );
  }
}

/** How far its end is below what is in sight. */
function below(box: HTMLElement): number {
  return box.scrollHeight - box.scrollTop - box.clientHeight;
}
