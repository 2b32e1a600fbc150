import { dismiss, notices } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "./Button.tsx";
import { Icon } from "./Icon.tsx";

/** The notices, in a place that is read out when one comes. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div class="toast" key={notice.id}>
          <p>{notice.text}</p>
          {notice.action ? <Button look="small" onPress={() => { dismiss(notice.id); notice.action?.run(); }}>{notice.action.text}</Button> : null}
          <button type="button" class="round" aria-label={t("do.close")} onClick={() => dismiss(notice.id)}><Icon name="close" size={16} /></button>
        </div>
      ))}
    </div>
  );
}
