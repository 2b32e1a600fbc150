import { useEffect, useId, useState } from "preact/hooks";
import { ask } from "../api.ts";
import { distance } from "../format.ts";
import { Wrong } from "../explain.ts";
import { acrossM, centre } from "../map/hexagons.ts";
import type { Point } from "../map/mercator.ts";
import { go } from "../router/router.ts";
import { config } from "../state/config.ts";
import { centreOfMap, wish } from "../state/map.ts";
import { say } from "../state/notices.ts";
import { shown } from "../state/place.ts";
import { draft } from "../state/rooms.ts";
import { sheetSize } from "../state/sheet.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Form } from "../ui/Form.tsx";
import { Pane } from "../ui/Pane.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { belong } from "./belonging.ts";
import { placeOf, radiusAt, written } from "./fields.ts";
import { RoomFields, shows } from "./RoomFields.tsx";
import { sight } from "./sight.ts";

const USUAL = 1.15; // of the radius from which on being inside tells no more than a hexagon does

/** A room being made. Its circle is on the map while this is open, and in sight whenever its size was chosen. */
export function NewRoomScreen() {
  const { radius_min_m: least, radius_max_m: most, resolution } = config.value;
  const fine = acrossM(resolution) / 2;
  const [place, setPlace] = useState<Point | null>(start);
  const [slid, setSlid] = useState(() => placeOf(Math.max(least, Math.min(most, USUAL * fine)), least, most));
  const radius = radiusAt(slid, least, most);
  useEffect(() => { draft.value = place ? { lat: place.lat, lng: place.lng, radiusM: radius } : null; }, [place, radius]);
  const show = (): void => { if (place) wish.value = sight(place, radius); };
  useEffect(() => {
    show();
    return () => { draft.value = null; };
  }, []);
  const put = (): void => setPlace(centreOfMap.peek());
  const send = async (values: Record<string, string>): Promise<void> => {
    const { max_members, ...room } = written(values);
    if (!place) throw new Wrong("place", t("room.place.missing"));
    const made = await ask("room.create", { ...room, lat: place.lat, lng: place.lng, radius_m: radius, ...(max_members === null ? {} : { max_members }) });
    belong(made);
    say(t("room.made"));
    go({ screen: "room", room: made.room }, { replace: true });
  };
  return (
    <Pane title={t("room.new")} from={{ screen: "rooms" }}>
      <Form onSend={send} label={t("room.new")} keep="room">
        {({ busy, wrong, field }) => (
          <>
            <Circle slid={slid} radius={radius} precise={radius < fine} onSlide={setSlid} onSlid={show} onPut={put} onShow={place ? show : null} />
            <RoomFields room={null} wrong={wrong} field={field} />
            <WrongNote text={shows(field) ? null : wrong} />
            <Button type="submit" look="main wide" disabled={busy}>{t("room.make")}</Button>
          </>
        )}
      </Form>
    </Pane>
  );
}

interface CircleProps {
  /** Where the slider is, 0 to 100, and what radius that is. */
  slid: number;
  radius: number;
  /** Smaller than a hexagon: joining asks for more. */
  precise: boolean;
  onSlide: (slid: number) => void;
  /** It stays there. */
  onSlid: () => void;
  onPut: () => void;
  /** Null: it is nowhere yet. */
  onShow: (() => void) | null;
}

/** Where the circle is and how large. */
function Circle({ slid, radius, precise, onSlide, onSlid, onPut, onShow }: CircleProps) {
  const id = useId();
  const onMap = (then: () => void) => (): void => {
    if (sheetSize.peek() === "full") sheetSize.value = "half";
    then();
  };
  return (
    <div class="stack close">
      <div class="field">
        <label for={id}>{t("room.radius", { distance: distance(radius) })}</label>
        <input id={id} class="range" type="range" min={0} max={100} value={slid} aria-valuetext={distance(radius)}
          onInput={(event) => onSlide(Number(event.currentTarget.value))} onChange={onSlid} />
      </div>
      {precise ? <p class="small" role="status">{t("room.place.precise")}</p> : null}
      <p class="soft small">{t("room.place.what")}</p>
      <div class="row">
        <Button look="small" onPress={onMap(onPut)}>{t("room.place.put")}</Button>
        {onShow ? <Button look="small" onPress={onMap(onShow)}>{t("room.place.show")}</Button> : null}
      </div>
    </div>
  );
}

/** The middle of the hexagon others see me in, so that a circle tells no more of me than that; or of the map. */
function start(): Point | null {
  const mine = shown.peek();
  return mine ? centre(mine) : centreOfMap.peek();
}
