/** What a report's fields are in words. */
import type { ReportView } from "../../client/index.ts";
import { named, t } from "../text.ts";

export function kindText(report: ReportView): string {
  return named(`reports.of.${report.kind}`, report.kind);
}

export function reasonText(report: ReportView): string {
  return report.reason ? named(`reason.${report.reason}`, report.reason) : t("reports.erased");
}

export function outcomeText(report: ReportView): string {
  return named(`outcome.${report.outcome ?? ""}`, report.outcome ?? "");
}
