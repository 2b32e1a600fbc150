import { useState } from "preact/hooks";
import { Icon } from "../../app/ui/Icon.tsx";
import type { ReportView } from "../../client/index.ts";
import { ask } from "../api.ts";
import { to } from "../route.ts";
import { t } from "../text.ts";
import { ListEnd } from "../ui/ListEnd.tsx";
import { Screen } from "../ui/Screen.tsx";
import { Time } from "../ui/Time.tsx";
import { useList } from "../ui/useList.ts";
import { kindText, outcomeText, reasonText } from "./words.ts";

const STATES = ["open", "closed"] as const;

/** Reports that wait for somebody, oldest first; or those that were closed. */
export function ReportsScreen() {
  const [state, setState] = useState<(typeof STATES)[number]>("open");
  const list = useList(state, async (cursor) => {
    const { reports, next } = await ask("report.list", { state, cursor });
    return { items: reports, next };
  });
  return (
    <Screen title={t("reports.title")}>
      <div class="row" role="group" aria-label={t("reports.state")}>
        {STATES.map((each) => (
          <button key={each} type="button" class="button small" aria-pressed={each === state} onClick={() => setState(each)}>{t(`reports.${each}`)}</button>
        ))}
      </div>
      <ul class="list">{list.items.map((report) => <li key={report.report}><Item report={report} /></li>)}</ul>
      <ListEnd list={list} none={t(`reports.none.${state}`)} />
    </Screen>
  );
}

function Item({ report }: { report: ReportView }) {
  return (
    <a class="item" href={to("reports", report.report)}>
      <Icon name="flag" size={18} />
      <span class="texts">
        <span class="strong">{reasonText(report)}</span>
        <span class="second">{kindText(report)} · <Time at={report.at} />{report.outcome ? ` · ${outcomeText(report)}` : ""}</span>
      </span>
      <Icon name="forward" size={18} />
    </a>
  );
}
