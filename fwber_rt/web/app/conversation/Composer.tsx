import type { ComponentChildren, Ref } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { OutboxFull } from "../../client/index.ts";
import { client } from "../api.ts";
import { explain } from "../explain.ts";
import { config } from "../state/config.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Icon } from "../ui/Icon.tsx";
import { draftOf, keepDraft } from "./drafts.ts";
import { speak } from "./talk.ts";
import { TELL_MS } from "./typing.ts";
import { length } from "./words.ts";

interface Props {
  user: string;
  conversation: string;
  /** Why nothing can be sent now; what is typed stays. */
  closed?: ComponentChildren;
  /** A word above the input that does not keep from sending. */
  note?: ComponentChildren;
  /** Text put in from elsewhere, behind what is there; each time a new object. */
  given: { readonly text: string } | null;
  onSent: () => void;
}

const COUNTED = 0.8; // of what a message may have: from there on what is left is shown

/** Where one writes. What is typed is kept with every stroke, until it is sent or taken away. */
export function Composer({ user, conversation, closed, note, given, onSent }: Props) {
  const [text, setText] = useState(() => draftOf(user, conversation));
  const input = useRef<HTMLTextAreaElement>(null);
  const most = client.value?.welcome?.limits.text_chars ?? config.value.text_chars;
  const left = most - length(text.trim());
  const change = (next: string): void => {
    setText(next);
    keepDraft(user, conversation, next);
  };
  useLayoutEffect(() => {
    if (!given) return;
    change(text.trim() === "" ? given.text : `${text}\n${given.text}`);
    input.current?.focus();
  }, [given]);
  useEffect(() => fit(input.current), [text]);
  const send = (): void => {
    if (closed || text.trim() === "" || left < 0) return;
    try {
      speak(conversation, text.trim());
    } catch (error) {
      say(error instanceof OutboxFull ? t("talk.full") : explain(error), { bad: true });
      return;
    }
    change("");
    input.current?.focus();
    onSent();
  };
  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      {closed ? <p class="note" role="status">{closed}</p> : note ? <p class="note">{note}</p> : null}
      <Input input={input} text={text} most={most} left={left} onInput={change} onSend={send} conversation={conversation} />
      <button type="submit" class="round send" aria-label={t("talk.send")} title={t("talk.send")} disabled={Boolean(closed) || text.trim() === "" || left < 0}><Icon name="send" /></button>
    </form>
  );
}

interface InputProps {
  input: Ref<HTMLTextAreaElement>;
  text: string;
  most: number;
  left: number;
  conversation: string;
  onInput: (text: string) => void;
  onSend: () => void;
}

function Input({ input, text, most, left, conversation, onInput, onSend }: InputProps) {
  const id = useId();
  const told = useRef(-Infinity);
  const tell = (): void => {
    if (conversation === "here" || performance.now() - told.current < TELL_MS) return;
    if (client.peek()?.notify("typing", { room: conversation })) told.current = performance.now();
  };
  const counted = left < most * (1 - COUNTED);
  return (
    <div class="grow">
      <textarea ref={input} id={id} class="input" rows={1} dir="auto" value={text} placeholder={t("talk.write")} aria-label={t("talk.write")}
        aria-invalid={left < 0 ? true : undefined} aria-describedby={counted ? `${id}-left` : undefined} enterkeyhint="send"
        onInput={({ currentTarget: { value } }) => { onInput(value); if (value.trim()) tell(); }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          onSend();
        }} />
      {counted ? <p id={`${id}-left`} class={left < 0 ? "wrong small" : "soft small"} role={left < 0 ? "alert" : undefined}>{t(left < 0 ? "talk.long" : "talk.left", { count: Math.abs(left) })}</p> : null}
    </div>
  );
}

/** As high as its text, up to what the style allows. */
function fit(input: HTMLTextAreaElement | null): void {
  if (!input) return;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + 2}px`;
}
