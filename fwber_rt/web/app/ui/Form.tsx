import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "../../client/index.ts";
import { explain, Wrong } from "../explain.ts";
import { keepTyped, typedOf } from "../state/typed.ts";
import { restore, valuesOf } from "./filled.ts";

interface Props {
  /** Called when the form is sent; what it rejects with is shown. */
  onSend: (values: Record<string, string>) => Promise<unknown>;
  children: (state: { busy: boolean; wrong: string | null; field: string | null }) => ComponentChildren;
  class?: string;
  label?: string;
  /** Under this name what is filled in is kept in this tab, until it was sent. Never for secrets, nor where fields are given a `value`. */
  keep?: string;
}

/** A form that is sent once at a time and says what was wrong. What was typed stays, whatever happens. */
export function Form({ onSend, children, class: look = "stack", label, keep }: Props) {
  const [state, setState] = useState<{ busy: boolean; wrong: string | null; field: string | null }>({ busy: false, wrong: null, field: null });
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => { if (keep !== undefined && form.current) restore(form.current, typedOf(keep)); }, [keep]);
  const send = async (sent: HTMLFormElement): Promise<void> => {
    if (state.busy) return;
    const values = valuesOf(sent);
    setState({ busy: true, wrong: null, field: null });
    try {
      await onSend(values);
      if (keep !== undefined) keepTyped(keep, "");
      setState({ busy: false, wrong: null, field: null });
    } catch (error) {
      setState({ busy: false, wrong: explain(error), field: fieldOf(error, sent) });
    }
  };
  return (
    <form ref={form} class={look} aria-label={label} noValidate onInput={({ currentTarget }) => { if (keep !== undefined) keepTyped(keep, JSON.stringify(valuesOf(currentTarget))); }}
      onSubmit={(event) => { event.preventDefault(); void send(event.currentTarget); }}>
      {children(state)}
    </form>
  );
}

/** Which input is at fault; null when it is none of this form's, so that the form itself says what was wrong. */
function fieldOf(error: unknown, form: HTMLFormElement): string | null {
  if (error instanceof Wrong) return error.field;
  return error instanceof Refusal && error.field !== null && form.elements.namedItem(error.field) ? error.field : null;
}
