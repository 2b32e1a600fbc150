/** Words of the operator's page: its own, beside those of the other page, whose controls it uses. */
import type { Message } from "../app/messages.ts";
import { isKey as isShared, locale, speak, t as shared, type Key as Shared, type Values } from "../app/text.ts";
import { messages, type Key as Own } from "./messages.ts";

export type Key = Own | Shared;

speak(locale(), messages as Readonly<Record<string, Message>>);

/** The text of a key with `{name}` replaced by its value; `count` also chooses the plural. */
export function t(key: Key, values?: Values): string {
  return shared(key as Shared, values);
}

/** The text of a key made of a name that the server sent; `otherwise` when there is none. */
export function named(key: string, otherwise: string): string {
  return Object.hasOwn(messages, key) || isShared(key) ? t(key as Key) : otherwise;
}
