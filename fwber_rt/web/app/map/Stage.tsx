import { around } from "./hexagons.ts";
import { covered, hover, scene, useScene } from "./useScene.ts";
import { PlacingBar } from "../place/PlacingBar.tsx";
import { config } from "../state/config.ts";
import { cell, consented, placing, shown } from "../state/place.ts";
import { t } from "../text.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";

/** The map with what stands on it. */
export function Stage() {
  const host = useScene();
  const mine = shown.value ?? cell.value;
  const zoom = (by: number) => () => { scene.peek()?.map.setZoom((scene.peek()?.map.getZoom() ?? 0) + by); };
  return (
    <div class="stage">
      <div class="map" ref={host} role="application" aria-label={t("map.label")} />
      <div class="tools">
        <div class="group">
          <Tool icon="plus" label={t("map.in")} onPress={zoom(1)} />
          <Tool icon="minus" label={t("map.out")} onPress={zoom(-1)} />
        </div>
        <div class="group">
          {mine === null ? null : <Tool icon="locate" label={t("map.me")} onPress={() => scene.peek()?.look(around(mine, 1), covered())} />}
          {consented.value === false ? null : <Tool icon="hand" label={t("map.hand")} pressed={placing.value} onPress={() => { placing.value = !placing.value; }} />}
        </div>
      </div>
      {placing.value ? <PlacingBar /> : <HoverNote />}
      <Credit />
    </div>
  );
}

function Tool({ icon, label, pressed, onPress }: { icon: IconName; label: string; pressed?: boolean; onPress: () => void }) {
  return <button type="button" class="round" aria-label={label} title={label} aria-pressed={pressed} onClick={onPress}><Icon name={icon} /></button>;
}

function HoverNote() {
  const now = hover.value;
  if (!now) return null;
  const name = "person" in now.hit ? now.hit.person.name : now.hit.room.name;
  return name ? <div class="hover" aria-hidden="true" style={{ left: `${now.x}px`, top: `${now.y}px` }}><Name name={name} /></div> : null;
}

function Credit() {
  const tiles = config.value.tiles;
  return tiles?.credit ? <p class="credit"><a href={tiles.about} rel="noreferrer" target="_blank">{t("map.credit", { source: tiles.credit })}</a></p> : null;
}
