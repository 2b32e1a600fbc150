import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  name: string;
  label: string;
  type?: "text" | "password" | "email";
  hint?: string | undefined;
  /** What is wrong with it; read out, and the input is focused. */
  wrong?: string | null | undefined;
  value?: string;
  maxLength?: number;
  autoComplete?: string;
  inputMode?: "text" | "numeric" | "email";
  required?: boolean;
  onInput?: (value: string) => void;
}

/** An input with its label, a hint, and what is wrong with it. */
export function Field({ name, label, type = "text", hint, wrong, value, onInput, ...rest }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => { if (wrong) input.current?.focus(); }, [wrong]);
  const described = [hint ? `${id}-hint` : "", wrong ? `${id}-wrong` : ""].filter(Boolean).join(" ");
  const all = {
    ...rest, ...(value === undefined ? {} : { value }), ref: input, id, name, class: "input", spellcheck: false,
    "aria-invalid": wrong ? true : undefined, "aria-describedby": described || undefined,
    onInput: (event: Event) => onInput?.((event.currentTarget as HTMLInputElement).value),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === "password" ? <input {...all} type="password" /> : type === "email" ? <input {...all} type="email" /> : <input {...all} type="text" />}
      {hint ? <p class="hint" id={`${id}-hint`}>{hint}</p> : null}
      {wrong ? <p class="wrong" id={`${id}-wrong`} role="alert">{wrong}</p> : null}
    </div>
  );
}
