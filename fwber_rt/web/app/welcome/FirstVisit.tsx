import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { session } from "../api.ts";
import { Wrong, explain } from "../explain.ts";
import { format } from "../router/route.ts";
import { t, type Key } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { agreement } from "./consent.ts";
import { ConsentText } from "./ConsentText.tsx";

const POINTS: readonly (readonly [IconName, Key])[] = [
  ["hexagon", "welcome.point.hexagon"], ["here", "welcome.point.talk"], ["vanish", "welcome.point.leave"],
];

/** A name, then consent before anything asks where somebody is. The place comes after, on the map. */
export function FirstVisit() {
  const [name, setName] = useState("");
  const [step, setStep] = useState<1 | 2>(1);
  const [wrong, setWrong] = useState<string | null>(null);
  const enter = async (agreed: boolean): Promise<void> => {
    try {
      await session.guest(name, agreed ? agreement() : undefined);
    } catch (error) {
      setWrong(explain(error));
      setStep(1);
    }
  };
  return (
    <>
      <ol class="steps" aria-label={t("welcome.steps", { step, steps: 3 })}>
        {[1, 2, 3].map((each) => <li key={each} data-done={each <= step || undefined} />)}
      </ol>
      {step === 1 ? (
        <AskName name={name} wrong={wrong} onName={(given) => { setName(given); setWrong(null); setStep(2); }} />
      ) : (
        <AskConsent onAnswer={enter} onBack={() => setStep(1)} />
      )}
    </>
  );
}

function AskConsent({ onAnswer, onBack }: { onAnswer: (agreed: boolean) => Promise<void>; onBack: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <section class="stack">
      <h1 tabIndex={-1} ref={heading}>{t("consent.title")}</h1>
      <ConsentText />
      <div class="stack close">
        <Button look="main wide" onPress={() => onAnswer(true)}>{t("consent.agree")}</Button>
        <Button look="wide" onPress={() => onAnswer(false)}>{t("consent.later")}</Button>
        <Button look="quiet wide" onPress={onBack}>{t("do.back")}</Button>
      </div>
    </section>
  );
}

function AskName({ name, wrong, onName }: { name: string; wrong: string | null; onName: (name: string) => void }) {
  const send = async (values: Record<string, string>): Promise<void> => {
    const given = (values.name ?? "").trim();
    if (!given) throw new Wrong("name", t("welcome.name.missing"));
    onName(given);
  };
  return (
    <Form onSend={send}>
      {(state) => (
        <>
          <h1>{t("welcome.title")}</h1>
          <ul class="points">{POINTS.map(([icon, key]) => <li key={key}><Icon name={icon} /><span>{t(key)}</span></li>)}</ul>
          <Field name="name" label={t("welcome.name")} hint={t("welcome.name.hint")} wrong={state.wrong ?? wrong} value={name} maxLength={200} autoComplete="nickname" />
          <div class="stack close">
            <Button type="submit" look="main wide">{t("do.continue")}</Button>
            <a class="button quiet wide" href={format({ screen: "signIn" })}>{t("welcome.account")}</a>
          </div>
        </>
      )}
    </Form>
  );
}
