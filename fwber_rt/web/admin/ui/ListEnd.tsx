import { Button } from "../../app/ui/Button.tsx";
import { WrongNote } from "../../app/ui/Wrong.tsx";
import { t } from "../text.ts";
import type { Listed } from "./useList.ts";

/** What stands below a list: that it is empty, that it loads, what went wrong, or the way to more of it. */
export function ListEnd({ list, none, more = t("list.more") }: { list: Listed<unknown>; none: string; more?: string }) {
  const empty = list.items.length === 0;
  return (
    <>
      <div role="status" aria-busy={list.busy}>
        {empty && list.busy ? <p class="empty"><span class="spinner" aria-hidden="true" /><span class="unseen">{t("busy.loading")}</span></p> : null}
        {empty && !list.busy && !list.wrong ? <p class="empty">{none}</p> : null}
      </div>
      <WrongNote text={list.wrong} />
      {list.wrong ? <div class="row"><Button onPress={list.again}>{t("do.retry")}</Button></div> : null}
      {list.more && !list.wrong ? <div class="row"><Button look="quiet" onPress={list.fetchMore}>{more}</Button></div> : null}
    </>
  );
}
