import type { Outgoing } from "../../client/index.ts";
import { client } from "../api.ts";
import { explain } from "../explain.ts";
import { timeOfDay } from "../format.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Words } from "./Words.tsx";

/** A message of mine that is not stored yet, or was refused: nothing of it is lost until I say so. */
export function Pending({ message, onEdit }: { message: Outgoing; onEdit?: (message: Outgoing) => void }) {
  const { nonce, text, at, delivery, refusal } = message;
  const failed = delivery === "failed";
  return (
    <li class={`said-by own first ${failed ? "failed" : "sending"}`}>
      <div class="bubble">
        <span class="unseen">{t("talk.me")}</span>
        <Words text={text} />
        <span class="at">
          <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time>
          {failed ? <><Icon name="warn" size={14} />{t("talk.failed")}</> : t(refusal ? "talk.waits" : "talk.sending")}
        </span>
        {refusal ? <p class="why" role={failed ? "alert" : undefined}>{explain(refusal)}</p> : null}
        {failed ? (
          <div class="row">
            <Button look="small" onPress={() => client.peek()?.retry(nonce)}>{t("do.retry")}</Button>
            {onEdit ? <Button look="small quiet" onPress={() => onEdit(message)}>{t("talk.edit")}</Button> : null}
            <Button look="small quiet danger" onPress={() => client.peek()?.discard(nonce)}>{t("talk.discard")}</Button>
          </div>
        ) : null}
      </div>
    </li>
  );
}
