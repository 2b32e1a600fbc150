import { useId, useState } from "preact/hooks";
import { distance } from "../format.ts";
import { sheetSize } from "../state/sheet.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Switch } from "../ui/Switch.tsx";
import { TAG_CHARS, KINDS, type Kind } from "./fields.ts";
import { filters, find, RADII_M, type Filters } from "./finding.ts";
import { kindText } from "./RoomItem.tsx";

const WORDS = 64;

/** Search and filters; they act as they are changed. */
export function FindBar() {
  const [open, setOpen] = useState(false);
  const id = useId();
  const now = filters.value;
  const set = (change: Partial<Filters>): void => { filters.value = { ...filters.peek(), ...change }; };
  const toggle = (): void => {
    if (!open) sheetSize.value = "full";
    setOpen(!open);
  };
  const filtered = now.kind !== "" || now.tag !== "" || now.map;
  return (
    <form class="stack close" role="search" aria-label={t("rooms.search")} onSubmit={(event) => { event.preventDefault(); void find(); }}>
      <div class="row tight">
        <input class="input grow" type="search" aria-label={t("rooms.search")} placeholder={t("rooms.search")} maxLength={WORDS} autoComplete="off" dir="auto"
          value={now.q} onInput={(event) => set({ q: event.currentTarget.value })} />
        <Button look={filtered ? "small marked" : "small"} aria-expanded={open} aria-controls={id} onPress={toggle}>{t("rooms.filters")}</Button>
      </div>
      <div id={id} class="stack close" hidden={!open}>
        {open ? <FilterFields now={now} set={set} /> : null}
      </div>
    </form>
  );
}

function FilterFields({ now, set }: { now: Filters; set: (change: Partial<Filters>) => void }) {
  const id = useId();
  const reset = (): void => set({ q: "", kind: "", tag: "", radiusM: 2000, map: false });
  return (
    <>
      <div class="field">
        <label for={`${id}-kind`}>{t("room.kind")}</label>
        <select id={`${id}-kind`} class="input" value={now.kind} onChange={(event) => set({ kind: event.currentTarget.value as Kind | "" })}>
          <option value="">{t("rooms.kind.any")}</option>
          {KINDS.map((kind) => <option key={kind} value={kind}>{kindText(kind)}</option>)}
        </select>
      </div>
      <div class="field">
        <label for={`${id}-within`}>{t("rooms.within")}</label>
        <select id={`${id}-within`} class="input" value={String(now.radiusM)} onChange={(event) => set({ radiusM: Number(event.currentTarget.value) })}>
          {RADII_M.map((radius) => <option key={radius} value={String(radius)}>{distance(radius)}</option>)}
        </select>
      </div>
      <div class="field">
        <label for={`${id}-tag`}>{t("rooms.tag")}</label>
        <input id={`${id}-tag`} class="input" maxLength={TAG_CHARS} autoComplete="off" dir="auto" value={now.tag} onInput={(event) => set({ tag: event.currentTarget.value })} />
      </div>
      <Switch label={t("rooms.map")} hint={t("rooms.map.what")} on={now.map} onChange={(map) => set({ map })} />
      <div class="row"><Button look="quiet small" onPress={reset}>{t("rooms.reset")}</Button></div>
    </>
  );
}
