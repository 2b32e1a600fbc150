import { moment } from "../../app/format.ts";

/** When, as people say it; the whole of it to whoever looks closer. `at` in milliseconds since the Unix epoch. */
export function Time({ at }: { at: number }) {
  const whole = new Date(at);
  return <time dateTime={whole.toISOString()} title={whole.toString()}>{moment(at, Date.now())}</time>;
}
