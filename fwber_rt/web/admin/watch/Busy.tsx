import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../../app/ui/Button.tsx";
import { WrongNote } from "../../app/ui/Wrong.tsx";
import type { BusyCell } from "../../client/index.ts";
import { ask } from "../api.ts";
import { t } from "../text.ts";
import { useAsked } from "../ui/useAsked.ts";
import { count } from "./reading.ts";

const EVERY_MS = 30_000; // people change hexagons on the privacy tick, no faster
const LISTED = 20;

export interface MapProps {
  readonly cells: readonly BusyCell[];
  /** The hexagon to be shown; a new object for every wish. */
  readonly wish: { readonly cell: string } | null;
}

/** Where most people are, on a map and as a list. */
export function Busy() {
  const { value, wrong, again } = useAsked("cells", () => ask("operator.cells", {}));
  const [wish, setWish] = useState<MapProps["wish"]>(null);
  useEffect(() => {
    const timer = setInterval(() => { if (document.visibilityState === "visible") void again(); }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section class="section" aria-label={t("busy.title")}>
      <div class="row">
        <h2 class="grow">{t("busy.title")}</h2>
        <Button look="quiet small" onPress={again}>{t("op.refresh")}</Button>
      </div>
      <p class="soft small">{t("busy.what")}</p>
      <WrongNote text={wrong} />
      {value ? (
        <div class="busy">
          <Map cells={value.cells} wish={wish} />
          <div class="stack close">
            {value.cells.length === 0 ? <p class="soft">{t("busy.none")}</p> : <Cells cells={value.cells.slice(0, LISTED)} onShow={(cell) => setWish({ cell })} />}
            <p class="soft small">{t("busy.elsewhere", { count: typeof value.elsewhere === "number" ? count(value.elsewhere) : t("op.few") })}</p>
          </div>
        </div>
      ) : null}
    </section>
  );
}

function Cells({ cells, onShow }: { cells: readonly BusyCell[]; onShow: (cell: string) => void }) {
  return (
    <table class="table">
      <thead><tr><th scope="col">{t("busy.cell")}</th><th scope="col" class="end">{t("busy.count")}</th></tr></thead>
      <tbody>
        {cells.map(({ cell, count: people }) => (
          <tr key={cell}>
            <td><button type="button" class="link mono" aria-label={t("busy.show", { cell })} onClick={() => onShow(cell)}>{cell}</button></td>
            <td class="end number">{count(people)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The map comes later than the page: it is by far the largest part of it. Without it there is the list. */
function Map(props: MapProps) {
  const [Found, setFound] = useState<ComponentType<MapProps> | null>(null);
  useEffect(() => {
    import("./BusyMap.tsx").then(({ BusyMap }) => setFound(() => BusyMap), () => undefined);
  }, []);
  return <div class="busy-map">{Found ? <Found {...props} /> : null}</div>;
}
