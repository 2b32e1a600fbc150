import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { explain } from "../explain.ts";
import { say } from "../state/notices.ts";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onClick" | "class"> {
  /** What it looks like: `main`, `danger`, `quiet`, `wide`, `small`, separated by spaces. */
  look?: string;
  /** While a promise is pending the button is busy and cannot be pressed again; a rejection is said. */
  onPress?: () => unknown;
  children: ComponentChildren;
}

export function Button({ look = "", onPress, children, disabled, type = "button", ...rest }: Props) {
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
    <button {...rest} type={type} class={`button ${look}`} disabled={disabled ?? false} aria-busy={busy} onClick={onPress ? () => void press() : undefined}>
      {busy ? <span class="spinner" aria-hidden="true" /> : null}
      {children}
    </button>
  );
}
