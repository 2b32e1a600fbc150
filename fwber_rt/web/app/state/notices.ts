/** Short words that appear over everything and are read out: something was done, or went wrong. */
import { signal } from "@preact/signals";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
  /** Until it is dismissed. */
  readonly stay: boolean;
  /** What it is about: a newer one about the same takes its place. */
  readonly about: string;
  readonly action?: { readonly text: string; readonly run: () => void };
}

const SHOWN_MS = 6000;
const OFFERED_MS = 20_000; // what may be done about it can be done elsewhere later
const MOST = 3;
let next = 1;

export const notices = signal<readonly Notice[]>([]);

/** Say something. One that is to `stay` does so until it is dismissed; one with an action is there for longer. */
export function say(text: string, options: { bad?: boolean; stay?: boolean; about?: string; action?: Notice["action"] } = {}): void {
  const notice: Notice = { id: next++, text, bad: options.bad ?? false, stay: options.stay ?? false, about: options.about ?? text, ...(options.action ? { action: options.action } : {}) };
  notices.value = fitting([...notices.value.filter((other) => other.about !== notice.about), notice]);
  if (!notice.stay) setTimeout(() => dismiss(notice.id), notice.action ? OFFERED_MS : SHOWN_MS);
}

/** As many as there is room for; those that stay before those that would go anyway. */
function fitting(all: readonly Notice[]): readonly Notice[] {
  const [most, least] = [all.filter(({ stay }) => stay).slice(-MOST), all.filter(({ stay }) => !stay)];
  const kept = new Set([...most, ...least.slice(-Math.max(1, MOST - most.length))]);
  return all.filter((notice) => kept.has(notice));
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
