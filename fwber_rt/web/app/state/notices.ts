/** Short words that appear over everything and are read out: something was done, or went wrong. */
import { signal } from "@preact/signals";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
  readonly action?: { readonly text: string; readonly run: () => void };
}

const SHOWN_MS = 6000;
const MOST = 3;
let next = 1;

export const notices = signal<readonly Notice[]>([]);

/** Say something. A notice with an action stays until it is dismissed. */
export function say(text: string, options: { bad?: boolean; action?: Notice["action"] } = {}): void {
  const notice: Notice = { id: next++, text, bad: options.bad ?? false, ...(options.action ? { action: options.action } : {}) };
  notices.value = [...notices.value.filter((other) => other.text !== text), notice].slice(-MOST);
  if (!notice.action) setTimeout(() => dismiss(notice.id), SHOWN_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
