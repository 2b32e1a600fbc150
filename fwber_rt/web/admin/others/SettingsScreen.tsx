import { useId, useState } from "preact/hooks";
import { Switch } from "../../app/ui/Switch.tsx";
import { WrongNote } from "../../app/ui/Wrong.tsx";
import type { ShownSetting } from "../../client/index.ts";
import { ask } from "../api.ts";
import { t } from "../text.ts";
import { Screen } from "../ui/Screen.tsx";
import { useAsked } from "../ui/useAsked.ts";
import { shown } from "./shown.ts";

/** How the server is set. */
export function SettingsScreen() {
  const { value, wrong } = useAsked("settings", () => ask("operator.settings", {}));
  const [wanted, setWanted] = useState("");
  const [changed, setChanged] = useState(false);
  const id = useId();
  const found = (value?.settings ?? []).filter((setting) => (setting.changed || !changed) && matches(setting, wanted.trim().toLowerCase()));
  return (
    <Screen title={t("settings.title")}>
      <p class="soft small">{t("settings.what")}</p>
      <div class="filters">
        <div class="field grow">
          <label for={id}>{t("settings.search")}</label>
          <input id={id} class="input" type="search" autoComplete="off" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </div>
        <Switch label={t("settings.changed")} on={changed} onChange={setChanged} />
      </div>
      <WrongNote text={wrong} />
      <p role="status" class="soft small" aria-busy={value === null && wrong === null}>{value ? t("settings.count", { count: found.length }) : ""}</p>
      <ul class="settings">{found.map((setting) => <li key={setting.name}><Setting setting={setting} /></li>)}</ul>
    </Screen>
  );
}

function matches({ name, help }: ShownSetting, wanted: string): boolean {
  return name.toLowerCase().includes(wanted) || help.toLowerCase().includes(wanted);
}

function Setting({ setting: { name, value, default: usual, unit, help, changed, reload } }: { setting: ShownSetting }) {
  return (
    <>
      <p class="row"><span class="mono strong grow">{name}</span><span class={changed ? "mono value changed" : "mono value"}>{shown(value, unit)}</span></p>
      <p class="soft small">{help}{changed ? ` · ${t("settings.default", { value: shown(usual, unit) })}` : ""}{reload ? ` · ${t("settings.reload")}` : ""}</p>
    </>
  );
}
