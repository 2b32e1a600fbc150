/** What a room is made of, as somebody writes it in a form. */
import type { CreateRoom } from "../../client/index.ts";
import { Wrong } from "../explain.ts";
import { t } from "../text.ts";

export type Kind = NonNullable<CreateRoom["kind"]>;
export type Visibility = NonNullable<CreateRoom["visibility"]>;

export const KINDS: readonly Kind[] = ["social", "casual", "dating", "event", "networking", "professional", "venue"];
export const VISIBILITIES: readonly Visibility[] = ["public", "closed", "private"];
export const NAME_CHARS = 64;
export const DESCRIPTION_CHARS = 2000;
export const MOST_TAGS = 10;
export const TAG_CHARS = 32;
/** Seconds between two messages of a member; none first. */
export const SLOW_S = [0, 5, 15, 60, 300, 3600] as const;

export interface Written {
  readonly name: string;
  readonly kind: Kind;
  readonly description: string;
  readonly visibility: Visibility;
  readonly tags: string[];
  readonly slow_ms: number;
  /** Null: as many as the server allows. */
  readonly max_members: number | null;
}

/** What stands in the form. Throws Wrong for what the server could only refuse. */
export function written(values: Readonly<Record<string, string>>): Written {
  const name = (values.name ?? "").trim();
  if (!name) throw new Wrong("name", t("room.name.missing"));
  return {
    name,
    kind: KINDS.find((kind) => kind === values.kind) ?? "social",
    description: (values.description ?? "").trim(),
    visibility: VISIBILITIES.find((each) => each === values.visibility) ?? "public",
    tags: tagsOf(values.tags ?? ""),
    slow_ms: (Number(values.slow) || 0) * 1000,
    max_members: most(values.max_members ?? ""),
  };
}

/** Tags between commas, each once. Throws Wrong when there are too many, or one is too long. */
export function tagsOf(text: string): string[] {
  const tags = [...new Set(text.split(/[,\n]/).map((tag) => tag.trim().replace(/^#/, "")).filter(Boolean))];
  if (tags.length > MOST_TAGS) throw new Wrong("tags", t("room.tags.many", { count: MOST_TAGS }));
  if (tags.some((tag) => [...tag].length > TAG_CHARS)) throw new Wrong("tags", t("room.tags.long", { count: TAG_CHARS }));
  return tags;
}

function most(text: string): number | null {
  if (!text.trim()) return null;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Wrong("max_members", t("room.max.wrong"));
  return count;
}

/** A slider's place, 0 to 100, for a radius: each step is the same part of the radius, so that small ones can be hit too. */
export function placeOf(radiusM: number, minM: number, maxM: number): number {
  if (maxM <= minM) return 0;
  return Math.round((100 * Math.log(radiusM / minM)) / Math.log(maxM / minM));
}

/** The radius at a slider's place, in whole tens of metres and within the bounds. */
export function radiusAt(place: number, minM: number, maxM: number): number {
  const exact = minM * (maxM / minM) ** (place / 100);
  return Math.max(minM, Math.min(maxM, Math.round(exact / 10) * 10));
}
