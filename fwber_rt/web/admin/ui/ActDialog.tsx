import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Wrong } from "../../app/explain.ts";
import { Button } from "../../app/ui/Button.tsx";
import { Dialog } from "../../app/ui/Dialog.tsx";
import { Form } from "../../app/ui/Form.tsx";
import { WrongNote } from "../../app/ui/Wrong.tsx";
import { t, type Key } from "../text.ts";

interface Props {
  title: ComponentChildren;
  /** What it does, before it is done. */
  what: string;
  /** The word on the button. */
  act: string;
  danger?: boolean;
  /** Called with the fields by name; what it rejects with is shown, and the dialog stays. */
  onAct: (values: Record<string, string>) => Promise<unknown>;
  onClose: () => void;
  children?: ComponentChildren;
}

/** Asks before something is done to somebody. */
export function ActDialog({ title, what, act, danger = false, onAct, onClose, children }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="soft small">{what}</p>
      <Form onSend={onAct}>
        {({ busy, wrong }) => (
          <>
            {children}
            <WrongNote text={wrong} />
            <div class="ends">
              <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
              <Button type="submit" look={danger ? "danger" : "main"} aria-busy={busy} disabled={busy}>{act}</Button>
            </div>
          </>
        )}
      </Form>
    </Dialog>
  );
}

const MOST = 500;

/** Some lines of text. */
export function Lines({ name, label, value, most = MOST }: { name: string; label: string; value?: string; most?: number }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea id={id} class="input" name={name} maxLength={most} rows={3} dir="auto" defaultValue={value ?? ""} />
    </div>
  );
}

/** What somebody wrote in a field, without the space around it. Throws Wrong, with the text of `missing`, when there is nothing. */
export function written(values: Record<string, string>, name: string, missing: Key): string {
  const text = (values[name] ?? "").trim();
  if (!text) throw new Wrong(name, t(missing));
  return text;
}
