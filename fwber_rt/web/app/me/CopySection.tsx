import { useEffect, useState } from "preact/hooks";
import type { ExportView } from "../../client/index.ts";
import { ask, client, serverNow } from "../api.ts";
import { bytes, moment } from "../format.ts";
import { explain } from "../explain.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { download } from "./download.ts";

/** Copies of my data: asked for, made by the server in its own time, fetched while they last. */
export function CopySection() {
  const [copies, setCopies] = useState<readonly ExportView[]>([]);
  const [wrong, setWrong] = useState<string | null>(null);
  const load = async (): Promise<void> => {
    try {
      setCopies((await ask("account.exports", {})).exports);
    } catch (error) {
      setWrong(explain(error));
    }
  };
  useEffect(() => {
    void load();
    return client.value?.on("account.export", () => void load());
  }, [client.value]);
  const make = async (): Promise<void> => {
    await ask("account.export", {});
    await load();
  };
  const waiting = copies.some(({ state }) => state === "waiting");
  return (
    <section class="section">
      <h2>{t("data.copy")}</h2>
      <p class="soft">{t("data.copy.what")}</p>
      {wrong ? <p class="card bad" role="alert">{wrong}</p> : null}
      <div class="row"><Button disabled={waiting} onPress={make}><Icon name="data" size={18} />{t("data.copy.ask")}</Button></div>
      <ul class="list" aria-live="polite">{copies.map((copy) => <Copy key={copy.export} copy={copy} />)}</ul>
    </section>
  );
}

function Copy({ copy }: { copy: ExportView }) {
  return (
    <li class="item">
      <span class="texts">
        <span>{t("data.copy.asked", { date: moment(copy.asked, serverNow()) })}</span>
        <span class="small soft">{stateOf(copy)}</span>
      </span>
      {copy.state === "ready" ? <Button look="main small" onPress={() => download(copy.export)}>{t("data.copy.download")}</Button> : null}
      {copy.state === "waiting" ? <span class="spinner soft" aria-hidden="true" /> : null}
    </li>
  );
}

function stateOf({ state, bytes: size, ends }: ExportView): string {
  if (state === "ready") return t("data.copy.ready", { size: bytes(size ?? 0), date: moment(ends ?? 0, serverNow()) });
  return t(state === "failed" ? "data.copy.failed" : "data.copy.waiting");
}
