import { Words } from "../../app/conversation/Words.tsx";
import type { AuditEntry } from "../../client/index.ts";
import { ask } from "../api.ts";
import { to } from "../route.ts";
import { t } from "../text.ts";
import { ListEnd } from "../ui/ListEnd.tsx";
import { Time } from "../ui/Time.tsx";
import { useList } from "../ui/useList.ts";
import { UserLink } from "../ui/UserLink.tsx";

/** Entries of the audit log, newest first: those by an administrator, those concerning a user, or all. */
export function AuditList({ by = "", user = "" }: { by?: string; user?: string }) {
  const list = useList(`${by}/${user}`, async (cursor) => {
    const { entries, next } = await ask("operator.audit", { by: by || null, user: user || null, cursor });
    return { items: entries, next };
  });
  return (
    <>
      <ol class="entries">{list.items.map((entry) => <li key={entry.entry}><Entry entry={entry} /></li>)}</ol>
      <ListEnd list={list} none={t("op.none")} />
    </>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  return (
    <dl class="entry">
      <div><dt>{t("audit.when")}</dt><dd><Time at={entry.at} /></dd></div>
      <div><dt>{t("audit.by")}</dt><dd><UserLink user={entry.by} /></dd></div>
      <div><dt>{t("audit.did")}</dt><dd><span class="mono">{entry.op}</span></dd></div>
      <div><dt>{t("audit.whom")}</dt><dd><Subject entry={entry} /></dd></div>
      {entry.reason ? <div class="why"><dt>{t("audit.why")}</dt><dd><Words text={entry.reason} /></dd></div> : null}
    </dl>
  );
}

function Subject({ entry: { kind, subject, user } }: { entry: AuditEntry }) {
  if (kind === "user") return <UserLink user={subject} />;
  return (
    <>
      {kind === "report" ? <a class="mono" href={to("reports", subject)}>{kind} {subject}</a> : <span class="mono">{kind} {subject}</span>}
      {user ? <> · <UserLink user={user} /></> : null}
    </>
  );
}
