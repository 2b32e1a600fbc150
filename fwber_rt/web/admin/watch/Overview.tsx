import { moment } from "../../app/format.ts";
import { Screen } from "../ui/Screen.tsx";
import { t } from "../text.ts";
import { Busy } from "./Busy.tsx";
import { read, type Reading } from "./reading.ts";
import { Spark } from "./Spark.tsx";
import { EVERY_S, history, KEPT_MIN, latest, RECENT_S, silentSince } from "./watching.ts";

/** How the server is, as it happens. */
export function Overview() {
  return (
    <Screen title={t("nav.overview")} tools={<span class="soft small">{t("watch.live", { seconds: EVERY_S })}</span>}>
      <Trouble />
      <Sections />
      <Busy />
    </Screen>
  );
}

function Trouble() {
  const [now, silent] = [latest.value, silentSince.value];
  return (
    <div role="status" class="stack close">
      {silent === null ? null : <p class="card warn">{t("watch.stale", { time: moment(silent, Date.now()) })}</p>}
      {now?.read_only ? <p class="card bad">{t("watch.full")}</p> : null}
      {now && !now.ready ? <p class="card warn">{t("watch.unready")}</p> : null}
    </div>
  );
}

function Sections() {
  const sections = read(history.value);
  if (sections.length === 0) return <p class="empty" aria-busy="true">{t("watch.starting")}</p>;
  return (
    <>
      {sections.map(({ title, readings }) => (
        <section key={title} class="section" aria-label={t(title)}>
          <h2>{t(title)}</h2>
          {title === "watch.speed" ? <p class="soft small">{t("watch.recent", { seconds: RECENT_S, minutes: KEPT_MIN })}</p> : null}
          <dl class="figures">{readings.map((reading) => <Figure key={reading.key} reading={reading} />)}</dl>
        </section>
      ))}
    </>
  );
}

function Figure({ reading: { key, text, line } }: { reading: Reading }) {
  return (
    <div class="figure">
      <dt>{t(key)}</dt>
      <dd class="number" data-figure={key}>{text}{line ? <Spark values={line} /> : null}</dd>
    </div>
  );
}
