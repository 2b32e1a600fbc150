import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { dialogs, Toasts } from "./Toasts.tsx";

interface Props {
  title: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}

/** A question over everything: focus stays in it, Escape and the dark around it close it, and focus goes back. */
export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    dialogs.value += 1;
    return () => {
      dialogs.value -= 1;
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => { if (event.target === dialog.current) onClose(); }}
    >
      <div class="inside">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
      <Toasts inside />
    </dialog>
  );
}
