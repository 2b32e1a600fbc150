import { useId } from "preact/hooks";

interface Props {
  label: string;
  hint?: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}

export function Switch({ label, hint, on, disabled = false, onChange }: Props) {
  const id = useId();
  return (
    <label class="switch">
      <span class="says">
        <span class="strong">{label}</span>
        {hint ? <span class="soft small" id={id}>{hint}</span> : null}
      </span>
      <input type="checkbox" role="switch" checked={on} disabled={disabled} aria-describedby={hint ? id : undefined}
        onClick={(event) => { event.preventDefault(); onChange(!on); }} />
    </label>
  );
}
