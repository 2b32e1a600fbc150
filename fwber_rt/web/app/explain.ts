/** What went wrong, in words, with what to do about it. */
import { Closed, Lost, Refusal } from "../client/index.ts";
import { isKey, t } from "./text.ts";

/** What is wrong with an input, found before the server was asked. */
export class Wrong extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** The text for whatever a request was rejected with. The server's own words are shown where only they say what is wrong. */
export function explain(error: unknown): string {
  if (error instanceof Refusal) return refused(error);
  if (error instanceof Lost || error instanceof Closed) return t("error.offline");
  if (error instanceof Wrong) return error.message;
  return t("error.unknown", { name: error instanceof Error ? error.name : String(error) });
}

function refused(error: Refusal): string {
  if (error.name === "rate.limited") return t("error.rate.limited", { seconds: Math.max(1, Math.ceil(error.retryAfterMs / 1000)) });
  if (error.name === "field.invalid" && error.message) return error.message.charAt(0).toUpperCase() + error.message.slice(1);
  const key = `error.${error.name}`;
  return isKey(key) ? t(key) : error.message || t("error.unknown", { name: error.name });
}
