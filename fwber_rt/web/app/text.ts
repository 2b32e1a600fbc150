/**
 * Words for people: a key, its parameters, and the right plural. What stands in the catalogue is the only text on the page
 * that is not somebody's own.
 */
import { messages, type Key, type Message } from "./messages.ts";

export type Value = string | number;
export type Values = Record<string, Value>;
export type { Key };

let language = "en";
let catalogue: Readonly<Record<string, Message>> = messages;
let plurals = new Intl.PluralRules(language);

/** Use another language: its BCP 47 tag and its catalogue. A key it lacks is shown in English. */
export function speak(tag: string, texts: Readonly<Partial<Record<Key, Message>>>): void {
  language = tag;
  catalogue = { ...messages, ...texts };
  plurals = new Intl.PluralRules(tag);
}

/** The language of the texts, for `Intl` and for the document's `lang`. */
export function locale(): string {
  return language;
}

/** The text of a key with `{name}` replaced by its value; `count` also chooses the plural. */
export function t(key: Key, values: Values = {}): string {
  return pieces(key, values).map((piece) => (typeof piece === "string" ? piece : String(values[piece.name] ?? ""))).join("");
}

/** The same, cut at its parameters, so that something other than text can stand in their places. */
export function pieces(key: Key, values: Readonly<Record<string, unknown>> = {}): (string | { name: string })[] {
  return template(key, values.count).split(/(\{\w+\})/).filter(Boolean).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return name === undefined ? part : { name };
  });
}

/** Whether there is a text of that key: for names that come from the server. */
export function isKey(key: string): key is Key {
  return Object.hasOwn(messages, key);
}

function template(key: Key, count: unknown): string {
  const message = catalogue[key] ?? key;
  if (typeof message === "string") return message;
  const form = typeof count === "number" ? plurals.select(count) : "other";
  return (form === "one" ? message.one : undefined) ?? message.other;
}
