import { useState } from "preact/hooks";
import type { AddZone, SharingView } from "../../client/index.ts";
import { ask } from "../api.ts";
import { Wrong } from "../explain.ts";
import { around } from "../map/hexagons.ts";
import { centreOfMap, wish } from "../state/map.ts";
import { say } from "../state/notices.ts";
import { fix, sharing, shown } from "../state/place.ts";
import { sheetSize } from "../state/sheet.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Form } from "../ui/Form.tsx";
import { Icon } from "../ui/Icon.tsx";
import { WrongNote } from "../ui/Wrong.tsx";

/** Hexagons in which I am shown more coarsely, or not at all. They are on the map while this screen is open. */
export function ZonesSection() {
  const [adding, setAdding] = useState(false);
  const zones = sharing.value?.zones ?? [];
  const remove = async (cell: string): Promise<void> => {
    learn(await ask("zone.remove", { cell }));
    say(t("privacy.zone.removed"));
  };
  return (
    <section class="section">
      <h2>{t("privacy.zones")}</h2>
      <p class="soft small">{t("privacy.zones.what")}</p>
      {zones.length === 0 ? <p class="soft small">{t("privacy.zones.none")}</p> : null}
      <ul class="list">
        {zones.map(({ cell, hide }, place) => (
          <li class="item" key={cell}>
            <Icon name="home" />
            <span class="texts">
              <span>{t("privacy.zone.number", { number: place + 1 })}</span>
              <span class="second">{t(hide ? "privacy.zone.hide" : "privacy.zone.coarse")}</span>
            </span>
            <button type="button" class="round" aria-label={t("privacy.zone.show", { number: place + 1 })} onClick={() => { sheetSize.value = "half"; wish.value = around(cell, 1); }}><Icon name="eye" /></button>
            <Button look="quiet danger small" aria-label={t("privacy.zone.remove", { number: place + 1 })} onPress={() => remove(cell)}>{t("do.remove")}</Button>
          </li>
        ))}
      </ul>
      <div class="row"><Button look="small" disabled={sharing.value === null} onPress={() => setAdding(true)}><Icon name="plus" size={18} />{t("privacy.zone.add")}</Button></div>
      {adding ? <AddDialog onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const send = async ({ where = "", how = "" }: Record<string, string>): Promise<void> => {
    const point = where === "here" ? fix.peek() : centreOfMap.peek();
    if (!point) throw new Wrong("where", t("error.location.required"));
    const zone: AddZone = { lat: point.lat, lng: point.lng, hide: how === "hide" };
    learn(await ask("zone.add", zone));
    say(t("privacy.zone.added"));
    onClose();
  };
  return (
    <Dialog title={t("privacy.zone.add")} onClose={onClose}>
      <Form onSend={send}>
        {({ busy, wrong }) => (
          <>
            <div class="choices">
              {fix.value ? <Choice name="where" value="here" text={t("privacy.zone.here")} checked /> : null}
              <Choice name="where" value="map" text={t("privacy.zone.map")} checked={!fix.value} />
            </div>
            <fieldset class="choices">
              <legend class="strong">{t("privacy.zone.how")}</legend>
              <Choice name="how" value="hide" text={t("privacy.zone.how.hide")} checked />
              <Choice name="how" value="coarse" text={t("privacy.zone.how.coarse")} />
            </fieldset>
            <WrongNote text={wrong} />
            <div class="ends">
              <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
              <Button type="submit" look="main" disabled={busy}>{t("privacy.zone.add")}</Button>
            </div>
          </>
        )}
      </Form>
    </Dialog>
  );
}

function Choice({ name, value, text, checked = false }: { name: string; value: string; text: string; checked?: boolean }) {
  return <label class="choice slim"><input type="radio" name={name} value={value} defaultChecked={checked} /><span>{text}</span></label>;
}

function learn(now: SharingView): void {
  sharing.value = now;
  shown.value = now.shown;
}
