import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Wrong } from "../explain.ts";
import { leadsBack } from "../../shared/landing.ts";
import { scene, settle } from "../map/useScene.ts";
import { centreOfMap } from "../state/map.ts";
import { placing } from "../state/place.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { Icon } from "../ui/Icon.tsx";
import { useHand } from "./being.ts";
import { myLevel, preview } from "./preview.ts";
import { sizeText } from "./size.ts";
import { readPoint } from "./wire.ts";

/** Putting oneself on the map: by a tap, under the cross with the keyboard, or by coordinates. */
export function PlacingBar() {
  const [typing, setTyping] = useState(false);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const resized = new ResizeObserver(settle);
    if (bar.current) resized.observe(bar.current);
    return () => resized.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (bar.current) leadsBack(bar.current);
    scene.peek()?.map.getContainer().focus({ preventScroll: true });
  }, []);
  const stop = (): void => { placing.value = false; };
  const keys = (event: KeyboardEvent): void => { if (event.key === "Escape") stop(); };
  useEffect(() => {
    const map = scene.peek()?.map.getContainer();
    const enter = (event: KeyboardEvent): void => {
      if (event.key === "Enter") here();
      else keys(event);
    };
    map?.addEventListener("keydown", enter);
    return () => map?.removeEventListener("keydown", enter);
  }, []);
  return (
    <>
      <svg class="crosshair" viewBox="0 0 44 44" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.500"><path d="M22 4v12M22 28v12M4 22h12M28 22h12" /><circle cx="22" cy="22" r="2.500" fill="currentColor" stroke="none" /></svg>
      <div class="placing-bar" ref={bar} role="region" aria-label={t("place.hand.title")} onKeyDown={keys}>
        <p class="strong" role="status">{t(typing ? "place.hand.title" : "place.hand.how")}</p>
        <p class="small soft">{t("place.intro")} {sizeText("place.size", myLevel.value, preview.value)}.</p>
        {typing ? <Typed /> : null}
        <div class="row">
          {typing ? null : <Button look="main" onPress={here}><Icon name="hand" size={18} />{t("place.hand.here")}</Button>}
          {typing ? null : <Button look="quiet" onPress={() => setTyping(true)}>{t("place.hand.type")}</Button>}
          <Button look="quiet" onPress={stop}>{t("do.cancel")}</Button>
        </div>
      </div>
    </>
  );
}

function here(): void {
  const middle = centreOfMap.peek();
  if (middle) useHand(middle);
}

function Typed() {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => { box.current?.querySelector("input")?.focus(); }, []); // the button that was pressed is gone
  return (
    <Form class="row" onSend={send}>
      {({ wrong }) => (
        <div class="stack close grow" ref={box}>
          <Field name="point" label={t("place.hand.coordinates")} hint={t("place.hand.example")} wrong={wrong} autoComplete="off" />
          <Button type="submit" look="main">{t("place.hand.here")}</Button>
        </div>
      )}
    </Form>
  );
}

async function send({ point }: Record<string, string>): Promise<void> {
  const found = readPoint(point ?? "");
  if (!found) throw new Wrong("point", t("place.hand.wrong"));
  useHand(found);
}
