import { signal } from "@preact/signals";
import { dismiss, notices } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "./Button.tsx";
import { Icon } from "./Icon.tsx";

/** How many dialogs are open: what is behind one is neither seen nor read out. */
export const dialogs = signal(0);

/** The notices, in a place that is read out when one comes; while a dialog is open, in the dialog. */
export function Toasts({ inside = false }: { inside?: boolean }) {
  const shown = inside || dialogs.value === 0 ? notices.value : [];
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((notice) => (
        <div class="toast" key={notice.id} data-aside>
          <p>{notice.text}</p>
          {notice.action ? <Button look="small" onPress={() => { dismiss(notice.id); notice.action?.run(); }}>{notice.action.text}</Button> : null}
          <button type="button" class="round" aria-label={t("do.close")} onClick={() => dismiss(notice.id)}><Icon name="close" size={16} /></button>
        </div>
      ))}
    </div>
  );
}
