/** The conversation that is open: its window, and the pages of history it still needs. */
import { signal, type ReadonlySignal } from "@preact/signals";
import { Refusal, type HistoryPage } from "../../client/index.ts";
import { said, type Entry, type Said } from "./entries.ts";
import { HERE } from "./marks.ts";
import { EMPTY, forget, hear, lacking, listen, newer, newest, older, type Timeline } from "./timeline.ts";

/** How many entries are held, and so drawn, at once. */
export const WINDOW = 240;
const PAGE = 60;

/** Asks for a page of one stream. */
export interface Histories {
  (s: string, at: { before?: number; after?: number; limit: number }): Promise<HistoryPage>;
}

export class Conversation {
  /** A room's id, or `here`. */
  readonly id: string;
  readonly #ask: Histories;
  readonly #timeline = signal<Timeline>(EMPTY);
  readonly #busy = signal(false);
  readonly #error = signal<unknown>(null);
  readonly #heard = new Map<string, number>();
  #closed = false;
  /** Counts beginnings: a page that was asked for before the last one would leave a gap. */
  #beginning = 0;
  /** Its newest end is looked at; said by whoever shows it. */
  following = true;

  constructor(id: string, ask: Histories) {
    this.id = id;
    this.#ask = ask;
  }

  get timeline(): ReadonlySignal<Timeline> {
    return this.#timeline;
  }

  /** A page is being fetched. */
  get busy(): ReadonlySignal<boolean> {
    return this.#busy;
  }

  /** Why the last page did not come; null when it did. */
  get error(): ReadonlySignal<unknown> {
    return this.#error;
  }

  /** Hear these streams and no others. */
  listen(streams: Iterable<string>): void {
    const before = this.#timeline.peek();
    this.#timeline.value = listen(before, streams);
    if (this.#timeline.peek() === before) return;
    this.#beginning += 1;
    void this.loadOlder();
  }

  /** What came by itself. */
  take(entries: readonly Entry[]): void {
    for (const { s, o } of entries) this.#heard.set(s, Math.max(o, this.#heard.get(s) ?? 0));
    this.#timeline.value = hear(this.#timeline.peek(), entries, WINDOW, this.following);
  }

  /** Something of `s` was missed and is not coming any more. */
  miss(s: string): void {
    if (!this.#timeline.peek().sources.has(s)) return;
    this.#begin(s);
    void this.loadOlder();
  }

  /** To the newest, from wherever. */
  async jump(): Promise<void> {
    this.following = true;
    if (!this.#timeline.peek().cut) return;
    this.#begin();
    await this.loadOlder();
  }

  /** The next older page, or the first one. */
  async loadOlder(): Promise<void> {
    await this.#load(async () => {
      const [now, beginning] = [this.#timeline.peek(), this.#beginning];
      const pages = await Promise.all(lacking(now).map((s) => this.#older(s, now.sources.get(s)?.from ?? null)));
      if (beginning !== this.#beginning) return;
      for (const page of pages) if (page && !this.#closed) this.#timeline.value = older(this.#timeline.peek(), page, WINDOW);
    });
  }

  /** The next newer page of a room, after somebody has been far up. The hexagons around me are only ever read from their end. */
  async loadNewer(): Promise<void> {
    const last = newest(this.#timeline.peek());
    if (this.id === HERE || !this.#timeline.peek().cut || !last) return;
    await this.#load(async () => {
      const beginning = this.#beginning;
      const page = await this.#ask(last.s, { after: last.o, limit: PAGE });
      if (beginning !== this.#beginning) return;
      const whole = page.messages.length < PAGE && page.o >= (this.#heard.get(last.s) ?? 0); // else more came meanwhile
      this.#timeline.value = newer(this.#timeline.peek(), placed(page), whole, WINDOW);
    });
  }

  close(): void {
    this.#closed = true;
  }

  async #older(s: string, before: number | null): Promise<Parameters<typeof older>[1] | null> {
    try {
      const page = await this.#ask(s, { ...(before === null ? {} : { before }), limit: PAGE });
      const first = page.messages[0]?.o ?? 0;
      return { s, epoch: page.epoch, messages: placed(page), whole: page.messages.length < PAGE || first <= page.first_o };
    } catch (error) {
      if (error instanceof Refusal && error.name === "not.found") return null; // a hexagon I have left meanwhile
      throw error;
    }
  }

  #begin(s?: string): void {
    this.#beginning += 1;
    this.#timeline.value = forget(this.#timeline.peek(), s);
  }

  async #load(work: () => Promise<void>): Promise<void> {
    if (this.#busy.peek() || this.#closed) return;
    const beginning = this.#beginning;
    this.#busy.value = true;
    try {
      await work();
      this.#error.value = null;
    } catch (error) {
      this.#error.value = error;
    } finally {
      this.#busy.value = false;
    }
    if (beginning !== this.#beginning) await this.loadOlder();
  }
}

function placed(page: HistoryPage): Said[] {
  return page.messages.flatMap((message) => said(message, page.s, message.o) ?? []);
}
