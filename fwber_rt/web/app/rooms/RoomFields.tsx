import { useId } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { duration } from "../format.ts";
import { t } from "../text.ts";
import { Field } from "../ui/Field.tsx";
import { DESCRIPTION_CHARS, KINDS, NAME_CHARS, SLOW_S, VISIBILITIES } from "./fields.ts";
import { kindText, visibilityText } from "./RoomItem.tsx";

interface Props {
  /** What the room is now; null while it is being made. */
  room: RoomView | null;
  wrong: string | null;
  field: string | null;
}

const FIELDS: readonly (string | null)[] = ["name", "tags", "max_members"];

/** Whether a field of this form shows what is wrong; otherwise the form does. */
export function shows(field: string | null): boolean {
  return FIELDS.includes(field);
}

/** What is written of a room, when it is made and when it is changed. `written` reads it. */
export function RoomFields({ room, wrong, field }: Props) {
  const id = useId();
  const at = (name: string): string | null => (field === name ? wrong : null);
  return (
    <>
      <Field name="name" label={t("room.name")} maxLength={NAME_CHARS} autoComplete="off" wrong={at("name")} {...(room ? { value: room.name } : {})} />
      <div class="field">
        <label for={`${id}-text`}>{t("room.description")}</label>
        <textarea id={`${id}-text`} class="input" name="description" maxLength={DESCRIPTION_CHARS} rows={3} dir="auto" defaultValue={room?.description ?? ""} />
      </div>
      <div class="field">
        <label for={`${id}-kind`}>{t("room.kind")}</label>
        <select id={`${id}-kind`} class="input" name="kind">
          {KINDS.map((kind) => <option key={kind} value={kind} selected={kind === (room?.kind ?? "social")}>{kindText(kind)}</option>)}
        </select>
      </div>
      <fieldset class="choices">
        <legend class="strong">{t("room.visibility")}</legend>
        {VISIBILITIES.map((each) => (
          <label key={each} class="choice">
            <input type="radio" name="visibility" value={each} defaultChecked={each === (room?.visibility ?? "public")} />
            <span>{visibilityText(each)}</span>
            <span class="explain">{t(`room.visibility.${each}.what`)}</span>
          </label>
        ))}
      </fieldset>
      <Field name="tags" label={t("room.tags")} hint={t("room.tags.hint")} autoComplete="off" wrong={at("tags")} {...(room ? { value: room.tags.join(", ") } : {})} />
      <div class="field">
        <label for={`${id}-slow`}>{t("room.slow")}</label>
        <select id={`${id}-slow`} class="input" name="slow">
          {slows(room).map((seconds) => <option key={seconds} value={String(seconds)} selected={seconds * 1000 === (room?.slow_ms ?? 0)}>{slowText(seconds)}</option>)}
        </select>
        <p class="hint">{t("room.slow.what")}</p>
      </div>
      <Field name="max_members" label={t("room.max")} hint={t("room.max.hint")} inputMode="numeric" autoComplete="off" wrong={at("max_members")} {...(room ? { value: String(room.max_members) } : {})} />
    </>
  );
}

/** The usual ones, and what a program may have set. */
function slows(room: RoomView | null): number[] {
  return [...new Set([...SLOW_S, (room?.slow_ms ?? 0) / 1000])].sort((a, b) => a - b);
}

function slowText(seconds: number): string {
  return seconds === 0 ? t("room.slow.off") : t("room.slow.every", { duration: duration(seconds * 1000) });
}
