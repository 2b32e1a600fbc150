import { useEffect, useId, useState } from "preact/hooks";
import { ask } from "../api.ts";
import { distance } from "../format.ts";
import { Wrong } from "../explain.ts";
import { around, cellOf, centre } from "../map/hexagons.ts";
import type { Point } from "../map/mercator.ts";
import { go } from "../router/router.ts";
import { config } from "../state/config.ts";
import { centreOfMap, wish } from "../state/map.ts";
import { say } from "../state/notices.ts";
import { shown } from "../state/place.ts";
import { draft } from "../state/rooms.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Form } from "../ui/Form.tsx";
import { Pane } from "../ui/Pane.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { belong } from "./belonging.ts";
import { placeOf, radiusAt, written } from "./fields.ts";
import { RoomFields, shows } from "./RoomFields.tsx";

const USUAL_M = 500;
const LOOK = 8; // the resolution whose hexagons around the circle's middle are brought into sight

/** A room being made. Its circle is on the map while this is open. */
export function NewRoomScreen() {
  const { radius_min_m: least, radius_max_m: most } = config.value;
  const [place, setPlace] = useState<Point | null>(start);
  const [slid, setSlid] = useState(() => placeOf(Math.max(least, Math.min(most, USUAL_M)), least, most));
  const radius = radiusAt(slid, least, most);
  useEffect(() => { draft.value = place ? { lat: place.lat, lng: place.lng, radiusM: radius } : null; }, [place, radius]);
  useEffect(() => () => { draft.value = null; }, []);
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
            <Circle slid={slid} radius={radius} onSlide={setSlid} onPut={put} place={place} />
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
  place: Point | null;
  onSlide: (slid: number) => void;
  onPut: () => void;
}

/** Where the circle is and how large. */
function Circle({ slid, radius, place, onSlide, onPut }: CircleProps) {
  const id = useId();
  return (
    <div class="stack close">
      <div class="field">
        <label for={id}>{t("room.radius", { distance: distance(radius) })}</label>
        <input id={id} class="range" type="range" min={0} max={100} value={slid} aria-valuetext={distance(radius)}
          onInput={(event) => onSlide(Number(event.currentTarget.value))} />
      </div>
      <p class="soft small">{t("room.place.what")}</p>
      <div class="row">
        <Button look="small" onPress={onPut}>{t("room.place.put")}</Button>
        {place ? <Button look="quiet small" onPress={() => { wish.value = around(cellOf(place, LOOK), 1); }}>{t("room.place.show")}</Button> : null}
      </div>
    </div>
  );
}

/** The middle of the hexagon others see me in, so that a circle tells no more of me than that; or of the map. */
function start(): Point | null {
  const mine = shown.peek();
  return mine ? centre(mine) : centreOfMap.peek();
}
