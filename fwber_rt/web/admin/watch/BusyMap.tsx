import { useEffect, useRef, useState } from "preact/hooks";
import "leaflet/dist/leaflet.css";
import { readPalette } from "../../app/map/palette.ts";
import { dark } from "../../app/state/look.ts";
import type { Tiles } from "../../client/index.ts";
import { session } from "../api.ts";
import { t } from "../text.ts";
import type { MapProps } from "./Busy.tsx";
import { BusyScene } from "./BusyScene.ts";

/** The busiest hexagons on the map, drawn on a canvas. */
export function BusyMap({ cells, wish }: MapProps) {
  const host = useRef<HTMLDivElement>(null);
  const [tiles, setTiles] = useState<Tiles | null>(null);
  const scene = useRef<BusyScene | null>(null);
  useEffect(() => {
    if (!host.current) return;
    const made = new BusyScene(host.current);
    scene.current = made;
    session.rest("server.about").then((about) => {
      if (scene.current !== made || !about.tiles) return;
      made.tiles(about.tiles);
      setTiles(about.tiles);
    }, () => undefined); // without tiles there is the ground of hexagons
    return () => {
      scene.current = null;
      made.remove();
    };
  }, []);
  useEffect(() => {
    if (host.current) scene.current?.show(cells, readPalette(host.current, dark.value));
  }, [cells, dark.value]);
  useEffect(() => {
    if (wish) scene.current?.look([wish.cell]);
  }, [wish]);
  return (
    <>
      <div class="map" ref={host} role="application" aria-label={t("busy.map")} />
      {tiles?.credit ? <p class="credit"><a href={tiles.about} rel="noreferrer" target="_blank">{t("map.credit", { source: tiles.credit })}</a></p> : null}
    </>
  );
}
