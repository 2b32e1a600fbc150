import { useId } from "preact/hooks";
import { t, type Key } from "../text.ts";

const HOUR_MS = 3_600_000;
const SPANS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS } as const;
type Span = keyof typeof SPANS;

/** The field `span`: how long something holds. */
export function SpanField({ never = false, chosen = "day" }: { never?: boolean; chosen?: Span }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{t("do.how.long")}</label>
      <select id={id} class="input" name="span" defaultValue={chosen}>
        {(Object.keys(SPANS) as Span[]).map((span) => <option key={span} value={span} selected={span === chosen}>{t(`span.${span}` satisfies Key)}</option>)}
        {never ? <option value="never">{t("span.never")}</option> : null}
      </select>
    </div>
  );
}

/** When that is, in milliseconds since the Unix epoch, by this device's clock; null: never. */
export function endOf(values: Record<string, string>, now: number): number | null {
  const span = values.span ?? "";
  if (span === "never") return null;
  return now + SPANS[Object.hasOwn(SPANS, span) ? (span as Span) : "day"];
}
