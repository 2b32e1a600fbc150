import { useState } from "preact/hooks";
import { say } from "../../app/state/notices.ts";
import { Button } from "../../app/ui/Button.tsx";
import { Dialog } from "../../app/ui/Dialog.tsx";
import type { CodeGiven, UserDetail } from "../../client/index.ts";
import { ask } from "../api.ts";
import { t, type Key } from "../text.ts";
import { ActDialog, Lines, written } from "../ui/ActDialog.tsx";
import { endOf, SpanField } from "../ui/Span.tsx";

type Values = Record<string, string>;

interface Act {
  readonly text: Key;
  readonly what: Key;
  readonly done: Key;
  readonly danger?: boolean;
  /** What it asks for. */
  readonly fields: "none" | "reason" | "text" | "silence" | "suspend";
  readonly run: (user: string, values: Values) => Promise<unknown>;
}

const reason = (values: Values): string => written(values, "reason", "do.reason.missing");

const ACTS = {
  warn: {
    text: "do.warn", what: "do.warn.what", done: "do.warned", fields: "text",
    run: (user, values) => ask("user.warn", { user, text: written(values, "text", "do.text.missing") }),
  },
  silence: {
    text: "do.silence", what: "do.silence.what", done: "do.silenced", fields: "silence",
    run: (user, values) => ask("user.silence", { user, until: endOf(values, Date.now()) ?? 0, reason: reason(values) }),
  },
  unsilence: {
    text: "do.unsilence", what: "do.unsilence.what", done: "do.unsilenced", fields: "none",
    run: (user) => ask("user.unsilence", { user }),
  },
  suspend: {
    text: "do.suspend", what: "do.suspend.what", done: "do.suspended", danger: true, fields: "suspend",
    run: (user, values) => ask("user.ban", { user, until: endOf(values, Date.now()), reason: reason(values) }),
  },
  unsuspend: {
    text: "do.unsuspend", what: "do.unsuspend.what", done: "do.unsuspended", fields: "none",
    run: (user) => ask("user.unban", { user }),
  },
  signOut: {
    text: "do.sign.out", what: "do.sign.out.what", done: "do.signed.out", danger: true, fields: "reason",
    run: (user, values) => ask("user.sign_out", { user, reason: reason(values) }),
  },
} as const satisfies Record<string, Act>;

/** What an administrator may do to a user; each is asked about first, with its reason. */
export function Actions({ detail, onDone }: { detail: UserDetail; onDone: () => Promise<void> }) {
  const [open, setOpen] = useState<keyof typeof ACTS | "reset" | null>(null);
  const { user, silenced_until: silenced } = detail;
  const possible: (keyof typeof ACTS)[] = ["warn", silenced ? "unsilence" : "silence", user.banned ? "unsuspend" : "suspend", "signOut"];
  const close = (): void => setOpen(null);
  return (
    <section class="section" aria-label={t("user.do")}>
      <h2>{t("user.do")}</h2>
      <div class="row">
        {possible.map((each) => <Button key={each} look={ACTS[each].text === "do.suspend" ? "danger" : ""} onPress={() => setOpen(each)}>{t(ACTS[each].text)}</Button>)}
        {user.login !== null && user.kind !== "admin" ? <Button onPress={() => setOpen("reset")}>{t("do.reset")}</Button> : null}
      </div>
      {open === "reset" ? <ResetDialog user={user.user} onDone={onDone} onClose={close} /> : null}
      {open && open !== "reset" ? <OneDialog key={open} act={ACTS[open]} user={user.user} onDone={onDone} onClose={close} /> : null}
    </section>
  );
}

interface DialogProps {
  user: string;
  onDone: () => Promise<void>;
  onClose: () => void;
}

function OneDialog({ act, user, onDone, onClose }: DialogProps & { act: Act }) {
  const run = async (values: Values): Promise<void> => {
    await act.run(user, values);
    say(t(act.done));
    onClose();
    await onDone();
  };
  return (
    <ActDialog title={t(act.text)} what={t(act.what)} act={t(act.text)} danger={act.danger ?? false} onAct={run} onClose={onClose}>
      {act.fields === "text" ? <Lines name="text" label={t("do.warn.text")} /> : null}
      {act.fields === "silence" || act.fields === "suspend" ? <SpanField never={act.fields === "suspend"} /> : null}
      {act.fields === "silence" || act.fields === "suspend" ? <Lines name="reason" label={t("do.reason.told")} /> : null}
      {act.fields === "reason" ? <Lines name="reason" label={t("do.reason")} /> : null}
    </ActDialog>
  );
}

/** The code is shown in the dialog it was asked for in, and nowhere else. */
function ResetDialog({ user, onDone, onClose }: DialogProps) {
  const [given, setGiven] = useState<CodeGiven | null>(null);
  const run = async (values: Values): Promise<void> => setGiven(await ask("user.reset", { user, reason: reason(values) }));
  const close = (): void => {
    onClose();
    void onDone();
  };
  if (!given) {
    return (
      <ActDialog title={t("do.reset")} what={t("do.reset.what")} act={t("do.reset")} danger onAct={run} onClose={onClose}>
        <Lines name="reason" label={t("do.reason")} />
      </ActDialog>
    );
  }
  return (
    <Dialog title={t("do.reset.code", { login: given.login })} onClose={close}>
      <p class="card mono code">{given.code}</p>
      <p class="soft small">{t("do.reset.code.what", { minutes: given.minutes })}</p>
      <div class="ends">
        {"clipboard" in navigator ? <Button look="quiet" onPress={async () => { await navigator.clipboard.writeText(given.code); say(t("done.copied")); }}>{t("do.copy")}</Button> : null}
        <Button look="main" onPress={close}>{t("do.close")}</Button>
      </div>
    </Dialog>
  );
}
