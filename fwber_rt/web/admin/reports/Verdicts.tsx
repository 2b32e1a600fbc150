import { useRef, useState } from "preact/hooks";
import { explain, Wrong } from "../../app/explain.ts";
import { say } from "../../app/state/notices.ts";
import { Button } from "../../app/ui/Button.tsx";
import { Refusal, type CloseReport, type ReportView } from "../../client/index.ts";
import { ask, myId } from "../api.ts";
import { t, type Key } from "../text.ts";
import { ActDialog, Lines, written } from "../ui/ActDialog.tsx";
import { endOf, SpanField } from "../ui/Span.tsx";

type Verdict = "dismiss" | "warn" | "silence" | "suspend" | "end";
type Values = Record<string, string>;

const NOTE = 2000;
const DISMISSALS = ["dismissed", "duplicate", "acted"] as const;
const WHAT: Record<Verdict, Key> = {
  dismiss: "verdict.dismiss.what", warn: "do.warn.what", silence: "do.silence.what", suspend: "do.suspend.what", end: "rooms.end.what",
};
const OUTCOME: Record<Exclude<Verdict, "dismiss">, CloseReport["outcome"]> = {
  warn: "warned", silence: "silenced", suspend: "suspended", end: "acted",
};

/** What may come of an open report. Each is asked about first; doing it closes the report. */
export function Verdicts({ report, onDone }: { report: ReportView; onDone: () => Promise<void> }) {
  const [open, setOpen] = useState<Verdict | null>(null);
  const author = report.author ?? null;
  const possible: Verdict[] = ["dismiss"];
  if (author && author !== myId()) possible.push("warn", "silence", "suspend");
  if (report.kind === "room") possible.push("end");
  return (
    <section class="section" aria-label={t("report.act")}>
      <h2>{t("report.act")}</h2>
      <p class="soft small">{t("report.act.what")}</p>
      <div class="row">
        {possible.map((verdict) => (
          <Button key={verdict} look={verdict === "suspend" || verdict === "end" ? "danger" : ""} onPress={() => setOpen(verdict)}>{t(`verdict.${verdict}`)}</Button>
        ))}
      </div>
      {open ? <VerdictDialog key={open} verdict={open} report={report} onDone={onDone} onClose={() => setOpen(null)} /> : null}
    </section>
  );
}

interface DialogProps {
  verdict: Verdict;
  report: ReportView;
  onDone: () => Promise<void>;
  onClose: () => void;
}

function VerdictDialog({ verdict, report, onDone, onClose }: DialogProps) {
  const closed = useRef(false); // a report is closed once; what was not done after that can be tried again
  const act = async (values: Values): Promise<void> => {
    const outcome = verdict === "dismiss" ? DISMISSALS.find((each) => each === values.outcome) : OUTCOME[verdict];
    if (!outcome) throw new Wrong("outcome", t("error.field.invalid"));
    const intervene = intervention(verdict, report, values);
    // Closed first: of two who judge one report at once, one is told so before anything is done to anybody.
    if (!closed.current) await close({ report: report.report, outcome, note: (values.note ?? "").trim() });
    closed.current = true;
    try {
      await intervene();
    } catch (error) {
      throw new Wrong("", t("verdict.half", { why: explain(error) }));
    }
    say(t("verdict.done"));
    onClose();
    await onDone();
  };
  const leave = (): void => {
    onClose();
    void onDone(); // it may be closed by now, by whomever
  };
  return (
    <ActDialog title={t(`verdict.${verdict}`)} what={t(WHAT[verdict])} act={t(`verdict.${verdict}`)} danger={verdict === "suspend" || verdict === "end"} onAct={act} onClose={leave}>
      {verdict === "dismiss" ? <Dismissals /> : null}
      {verdict === "silence" || verdict === "suspend" ? <SpanField never={verdict === "suspend"} /> : null}
      {verdict === "warn" ? <Lines name="reason" label={t("do.warn.text")} /> : null}
      {verdict === "silence" || verdict === "suspend" ? <Lines name="reason" label={t("do.reason.told")} /> : null}
      {verdict === "end" ? <Lines name="reason" label={t("do.reason")} /> : null}
      <Lines name="note" label={t("verdict.note")} most={NOTE} />
    </ActDialog>
  );
}

function Dismissals() {
  return (
    <fieldset class="stack close">
      <legend class="unseen">{t("verdict.dismiss")}</legend>
      {DISMISSALS.map((outcome) => (
        <label key={outcome} class="choice slim"><input type="radio" name="outcome" value={outcome} defaultChecked={outcome === "dismissed"} /><span>{t(`verdict.${outcome}`)}</span></label>
      ))}
    </fieldset>
  );
}

/** Close the report. That I did so already, and only did not hear it, is as good. */
async function close(d: CloseReport): Promise<void> {
  try {
    await ask("report.close", d);
  } catch (error) {
    if (!(error instanceof Refusal && error.name === "conflict")) throw error;
    const now = await ask("report.get", { report: d.report });
    if (now.closer !== myId() || now.outcome !== d.outcome || (now.verdict ?? "") !== (d.note ?? "")) throw new Wrong("", t("verdict.late"));
  }
}

/** What is done to the author, or to the room, once the report is closed. Throws Wrong for what is missing. */
function intervention(verdict: Verdict, report: ReportView, values: Values): () => Promise<unknown> {
  const user = report.author ?? "";
  if (verdict === "dismiss") return () => Promise.resolve();
  const reason = written(values, "reason", verdict === "warn" ? "do.text.missing" : "do.reason.missing");
  if (verdict === "warn") return () => ask("user.warn", { user, text: reason });
  if (verdict === "end") return () => ask("room.remove", { room: report.subject, reason });
  const until = endOf(values, Date.now());
  if (verdict === "silence") return () => ask("user.silence", { user, until: until ?? 0, reason });
  return () => ask("user.ban", { user, until, reason });
}
