import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { explain } from "../explain.ts";
import { say } from "../state/notices.ts";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onClick" | "class" | "disabled"> {
  /** What it looks like: `main`, `danger`, `quiet`, `wide`, `small`, separated by spaces. */
  look?: string;
  /** While a promise is pending the button is busy and cannot be pressed again; a rejection is said. */
  onPress?: () => unknown;
  /** It cannot be pressed now. It can be reached all the same: a browser takes the focus from a button that is disabled while it has it. */
  disabled?: boolean;
  children: ComponentChildren;
}

export function Button({ look = "", onPress, children, disabled = false, type = "button", ...rest }: Props) {
  const [busy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    if (busy) return;
    const result = onPress?.();
    if (!(result instanceof Promise)) return;
    setBusy(true);
    try {
      await result;
    } catch (error) {
      say(explain(error), { bad: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <button aria-busy={busy} {...rest} type={type} class={`button ${look}`} aria-disabled={disabled || undefined}
      onClick={(event) => {
        if (disabled) event.preventDefault(); // nor does it send its form
        else void press();
      }}>
      {busy ? <span class="spinner" aria-hidden="true" /> : null}
      {children}
    </button>
  );
}
