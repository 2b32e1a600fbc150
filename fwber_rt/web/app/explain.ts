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

/** Fields of requests that are the same to whoever fills them in. */
const ALIKE: Readonly<Record<string, string>> = { new: "password", lat: "place", lng: "place", cell: "place", by: "user", content: "text" };

/** The text for whatever a request was rejected with: always the page's own, since the server speaks English only. */
export function explain(error: unknown): string {
  if (error instanceof Refusal) return refused(error);
  if (error instanceof Lost || error instanceof Closed) return t("error.offline");
  if (error instanceof Wrong) return error.message;
  return t("error.unknown", { name: error instanceof Error ? error.name : String(error) });
}

function refused(error: Refusal): string {
  if (error.name === "rate.limited") return t("error.rate.limited", { seconds: Math.max(1, Math.ceil(error.retryAfterMs / 1000)) });
  if (error.name === "field.invalid" && error.field) return notAsItMustBe(error.field);
  const key = `error.${error.name}`;
  return isKey(key) ? t(key) : t("error.unknown", { name: error.name });
}

/** `path`: where it stands in the request, such as `content.text` or `tags[0]`; the innermost part that has words decides. */
function notAsItMustBe(path: string): string {
  const parts = path.match(/[a-z_]+/g) ?? [];
  const key = parts.map((part) => `field.${ALIKE[part] ?? part}`).findLast(isKey);
  return key ? t(key) : t("error.field", { field: path });
}
