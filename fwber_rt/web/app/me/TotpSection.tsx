import { useState } from "preact/hooks";
import type { Account, TotpBegun } from "../../client/index.ts";
import { ask } from "../api.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Field } from "../ui/Field.tsx";
import { Form } from "../ui/Form.tsx";
import { WrongNote } from "../ui/Wrong.tsx";
import { know } from "./knowing.ts";

type Open = "begin" | "disable" | { readonly begun: TotpBegun } | { readonly recovery: readonly string[] } | null;

/** The second factor: an authenticator app, and recovery codes for when it is lost. */
export function TotpSection({ mine }: { mine: Account }) {
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  return (
    <section class="section">
      <h2>{t("totp.title")}</h2>
      <p class="soft">{mine.totp ? t("totp.on", { count: mine.recovery ?? 0 }) : t("totp.off")}</p>
      <div class="row"><Button look="small" onPress={() => setOpen(mine.totp ? "disable" : "begin")}>{t(mine.totp ? "totp.disable" : "totp.set")}</Button></div>
      {open === "begin" ? <Begin onClose={close} onBegun={(begun) => setOpen({ begun })} /> : null}
      {open === "disable" ? <Disable onClose={close} /> : null}
      {open !== null && typeof open === "object" && "begun" in open ? <Enable begun={open.begun} onClose={close} onEnabled={(recovery) => setOpen({ recovery })} /> : null}
      {open !== null && typeof open === "object" && "recovery" in open ? <Recovery codes={open.recovery} onClose={close} /> : null}
    </section>
  );
}

function Begin({ onClose, onBegun }: { onClose: () => void; onBegun: (begun: TotpBegun) => void }) {
  const send = async ({ password = "" }: Record<string, string>): Promise<void> => onBegun(await ask("auth.totp.begin", { password }));
  return (
    <Dialog title={t("totp.title")} onClose={onClose}>
      <Form onSend={send}>
        {({ busy, wrong }) => (
          <>
            <Field name="password" type="password" label={t("account.password.now")} autoComplete="current-password" wrong={wrong} />
            <Ends busy={busy} text={t("do.continue")} onClose={onClose} />
          </>
        )}
      </Form>
    </Dialog>
  );
}

function Enable({ begun, onClose, onEnabled }: { begun: TotpBegun; onClose: () => void; onEnabled: (recovery: readonly string[]) => void }) {
  const send = async ({ code = "" }: Record<string, string>): Promise<void> => {
    const { recovery } = await ask("auth.totp.confirm", { code: code.replaceAll(" ", "") });
    await know();
    onEnabled(recovery);
  };
  return (
    <Dialog title={t("totp.title")} onClose={onClose}>
      <p>{t("totp.scan")}</p>
      {begun.uri.startsWith("otpauth://") ? <p><a class="button small" href={begun.uri}>{t("totp.open")}</a></p> : null}
      <div class="field">
        <span class="label">{t("totp.secret")}</span>
        <p class="mono">{begun.secret.replaceAll(/(.{4})/g, "$1 ").trim()}</p>
      </div>
      <Form onSend={send}>
        {({ busy, wrong }) => (
          <>
            <Field name="code" label={t("totp.code")} inputMode="numeric" autoComplete="one-time-code" wrong={wrong} />
            <Ends busy={busy} text={t("totp.enable")} onClose={onClose} />
          </>
        )}
      </Form>
    </Dialog>
  );
}

function Recovery({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(codes.join("\n"));
    say(t("done.copied"));
  };
  return (
    <Dialog title={t("totp.recovery")} onClose={onClose}>
      <p>{t("totp.recovery.what")}</p>
      <ul class="codes">{codes.map((code) => <li key={code}>{code}</li>)}</ul>
      <div class="ends">
        {"clipboard" in navigator ? <Button onPress={copy}>{t("do.copy")}</Button> : null}
        <Button look="main" onPress={onClose}>{t("totp.recovery.kept")}</Button>
      </div>
    </Dialog>
  );
}

function Disable({ onClose }: { onClose: () => void }) {
  const send = async ({ password = "", code = "" }: Record<string, string>): Promise<void> => {
    await ask("auth.totp.disable", { password, code: code.replaceAll(" ", "") });
    await know();
    say(t("totp.disabled"));
    onClose();
  };
  return (
    <Dialog title={t("totp.disable")} onClose={onClose}>
      <Form onSend={send}>
        {({ busy, wrong }) => (
          <>
            <Field name="password" type="password" label={t("account.password.now")} autoComplete="current-password" />
            <Field name="code" label={t("totp.code")} hint={t("totp.either")} autoComplete="one-time-code" />
            <WrongNote text={wrong} />
            <Ends busy={busy} text={t("totp.disable")} onClose={onClose} />
          </>
        )}
      </Form>
    </Dialog>
  );
}

function Ends({ busy, text, onClose }: { busy: boolean; text: string; onClose: () => void }) {
  return (
    <div class="ends">
      <Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button>
      <Button type="submit" look="main" disabled={busy}>{text}</Button>
    </div>
  );
}
