/** Conversations: how much of them is unread. Filled by `app/conversation/`; the tabs and the page's title show it. */
import { computed, signal } from "@preact/signals";

/** Unread messages by stream: `room:123`, or `here` for the hexagons around me. */
export const unread = signal<ReadonlyMap<string, number>>(new Map());

export const unreadRooms = computed(() => {
  let sum = 0;
  for (const [stream, count] of unread.value) if (stream !== "here") sum += count;
  return sum;
});
export const unreadHere = computed(() => unread.value.get("here") ?? 0);
