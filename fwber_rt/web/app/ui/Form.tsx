import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Refusal } from "../../client/index.ts";
import { explain, Wrong } from "../explain.ts";

interface Props {
  /** Called when the form is sent; what it rejects with is shown. */
  onSend: (values: Record<string, string>) => Promise<unknown>;
  children: (state: { busy: boolean; wrong: string | null; field: string | null }) => ComponentChildren;
  class?: string;
  label?: string;
}

/** A form that is sent once at a time and says what was wrong. What was typed stays, whatever happens. */
export function Form({ onSend, children, class: look = "stack", label }: Props) {
  const [state, setState] = useState<{ busy: boolean; wrong: string | null; field: string | null }>({ busy: false, wrong: null, field: null });
  const send = async (form: HTMLFormElement): Promise<void> => {
    if (state.busy) return;
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    setState({ busy: true, wrong: null, field: null });
    try {
      await onSend(values);
      setState({ busy: false, wrong: null, field: null });
    } catch (error) {
      setState({ busy: false, wrong: explain(error), field: error instanceof Refusal ? error.field : error instanceof Wrong ? error.field : null });
    }
  };
  return (
    <form class={look} aria-label={label} noValidate onSubmit={(event) => { event.preventDefault(); void send(event.currentTarget); }}>
      {children(state)}
    </form>
  );
}
