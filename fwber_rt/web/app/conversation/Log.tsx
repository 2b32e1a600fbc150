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

/** A line and how far below the upper edge it begins; negative while its beginning is not in sight. */
type Place = { readonly element: HTMLElement; readonly top: number; readonly height: number } | "end" | null;

const NEAR_PX = 600;
const END_PX = 48;

/**
 * A list that stays where somebody reads: at its end while they follow, and else at the same line, whatever is put in front of it
 * or taken away, and when a phone is turned. Browsers do that by themselves in one direction only, and not all of them.
 */
export class Log extends Component<Props> {
  readonly #box = createRef<HTMLDivElement>();
  readonly #list = createRef<HTMLOListElement>();
  #following = true;
  #place: Place = "end";
  #width = 0;
  #resized: ResizeObserver | null = null;

  override componentDidMount(): void {
    this.props.held.current = this;
    this.#width = this.#box.current?.clientWidth ?? 0;
    this.toEnd();
    this.#resized = new ResizeObserver(() => this.#stay());
    for (const element of [this.#box.current, this.#list.current]) if (element) this.#resized.observe(element);
  }

  override componentWillUnmount(): void {
    this.#resized?.disconnect();
    this.props.held.current = null;
  }

  override shouldComponentUpdate(next: Props): boolean {
    return next.version !== this.props.version || next.label !== this.props.label;
  }

  override getSnapshotBeforeUpdate(): null {
    const box = this.#box.current;
    if (box) this.#note(box);
    return null;
  }

  override componentDidUpdate(): void {
    const box = this.#box.current;
    if (!box) return;
    this.#stay();
    this.#note(box);
    this.#ask(box);
  }

  toEnd(): void {
    const box = this.#box.current;
    if (box) box.scrollTop = box.scrollHeight;
    this.#place = "end";
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

  /** Where somebody reads now, unless its width has changed: then what is in sight is not what they read. */
  #note(box: HTMLElement): void {
    if (box.clientWidth === this.#width) this.#place = this.#following ? "end" : this.#firstInSight(box);
  }

  /** Go back to where somebody reads. Of a line whose beginning is not in sight, as great a part stays so. */
  #stay(): void {
    const box = this.#box.current;
    if (!box) return;
    this.#width = box.clientWidth;
    if (this.#place === "end") return this.toEnd();
    if (!this.#place?.element.isConnected) return;
    const { element, top, height } = this.#place;
    const above = top < 0 && height > 0 ? (top * element.offsetHeight) / height : top;
    const wanted = Math.round(element.offsetTop - above);
    if (Math.abs(box.scrollTop - wanted) >= 1) box.scrollTop = wanted; // to be moved in vain would end a finger's swing
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
    return element ? { element, top: element.offsetTop - box.scrollTop, height: element.offsetHeight } : null;
  }

  #follow(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    this.props.onFollow(following);
  }

  #scrolled = (): void => {
    const box = this.#box.current;
    if (!box) return;
    if (box.clientWidth !== this.#width) return this.#stay(); // turned: nobody has scrolled
    this.#follow(this.props.whole && below(box) < END_PX);
    this.#note(box);
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
