/** The title of the tab: how much is unread. */
import { effect } from "@preact/signals";
import { unreadHere, unreadRooms } from "../state/conversations.ts";
import { t } from "../text.ts";

/** Start; call once. */
export function startTitle(): void {
  effect(() => {
    const count = unreadRooms.value + unreadHere.value;
    document.title = count > 0 ? `(${count > 99 ? "99+" : count}) ${t("app.name")}` : t("app.name");
  });
}
