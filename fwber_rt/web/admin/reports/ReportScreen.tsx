import { Words } from "../../app/conversation/Words.tsx";
import { Name } from "../../app/ui/Name.tsx";
import { WrongNote } from "../../app/ui/Wrong.tsx";
import type { Evidence, ReportView } from "../../client/index.ts";
import { ask, myId } from "../api.ts";
import { to } from "../route.ts";
import { t } from "../text.ts";
import { Fact, Facts } from "../ui/Facts.tsx";
import { Screen } from "../ui/Screen.tsx";
import { Time } from "../ui/Time.tsx";
import { useAsked } from "../ui/useAsked.ts";
import { UserLink } from "../ui/UserLink.tsx";
import { moment } from "../../app/format.ts";
import { Verdicts } from "./Verdicts.tsx";
import { kindText, outcomeText, reasonText } from "./words.ts";

/** One report with its evidence, and what may come of it. */
export function ReportScreen({ id }: { id: string }) {
  const { value, wrong, again } = useAsked(id, () => ask("report.get", { report: id }));
  return (
    <Screen title={t("report.one", { id })} from={to("reports")}>
      <WrongNote text={wrong} />
      {value ? (
        <>
          <About report={value} />
          <section class="section" aria-label={t("report.evidence")}>
            <h2>{t("report.evidence")}</h2>
            {value.evidence ? <Kept evidence={value.evidence} /> : <p class="soft">{t("report.evidence.none")}</p>}
          </section>
          {value.closed ? <Closed report={value} /> : <Verdicts report={value} onDone={again} />}
        </>
      ) : wrong ? null : <p class="empty" aria-busy="true">{t("busy.loading")}</p>}
    </Screen>
  );
}

function About({ report }: { report: ReportView }) {
  return (
    <Facts>
      <Fact name={t("report.why")}>{reasonText(report)}</Fact>
      <Fact name={t("report.about")}>
        {kindText(report)} {report.kind === "user" ? <UserLink user={report.subject} /> : <span class="mono">{report.subject}</span>}
      </Fact>
      {report.author && report.kind !== "user" ? <Fact name={t("report.author")}><UserLink user={report.author} /></Fact> : null}
      <Fact name={t("report.by")}><UserLink user={report.reporter} /></Fact>
      <Fact name={t("report.when")}><Time at={report.at} /></Fact>
      {report.note ? <Fact name={t("report.said")}><Words text={report.note} /></Fact> : null}
    </Facts>
  );
}

function Kept({ evidence }: { evidence: Evidence }) {
  const { name, description, tags, content, s, at } = evidence;
  return (
    <div class="card stack close evidence">
      {name ? <p class="small soft">{t("report.evidence.name")} <Name name={name} /></p> : null}
      {description ? <p><Words text={description} /></p> : null}
      {tags && tags.length > 0 ? <p class="row">{tags.map((tag) => <span key={tag} class="chip"><bdi dir="auto">{tag}</bdi></span>)}</p> : null}
      {content?.text ? <blockquote><Words text={content.text} /></blockquote> : content ? <p class="soft">{t("report.evidence.kind", { kind: content.kind ?? "" })}</p> : null}
      {s && at ? <p class="small soft">{t("report.evidence.at", { time: moment(at, Date.now()), stream: s })}</p> : null}
    </div>
  );
}

function Closed({ report }: { report: ReportView }) {
  const by = report.closer === myId() ? t("op.you") : report.closer === "0" ? t("op.shell") : (report.closer ?? "");
  return (
    <section class="section">
      <p class="card">{t("report.closed.how", { time: moment(report.closed ?? 0, Date.now()), by, outcome: outcomeText(report) })}</p>
      {report.verdict ? <Facts><Fact name={t("report.verdict")}><Words text={report.verdict} /></Fact></Facts> : null}
    </section>
  );
}
