import { useState } from "preact/hooks";
import { go } from "../router/router.ts";
import { BlockDialog } from "../safety/BlockDialog.tsx";
import { mute } from "../safety/relate.ts";
import { ReportDialog } from "../safety/ReportDialog.tsx";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import type { Said } from "./entries.ts";

const NOTE = 200;

/** What one can do about a message, and about who wrote it. */
export function MessageDialog({ said, onClose }: { said: Said; onClose: () => void }) {
  const [next, setNext] = useState<"block" | "report" | null>(null);
  const { user, mid, text } = said;
  const name = said.name || t("person.somebody");
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text ?? "");
    say(t("done.copied"));
    onClose();
  };
  const silence = async (): Promise<void> => {
    await mute(user, name.slice(0, NOTE));
    say(t("person.muted", { name }));
    onClose();
  };
  if (next === "block") return <BlockDialog user={user} name={name} stay onClose={onClose} />;
  if (next === "report") return <ReportDialog subject={{ message: mid }} name={name} author={user} onClose={onClose} />;
  return (
    <Dialog title={<Name name={name} user={user} />} onClose={onClose}>
      <div class="stack close">
        {text !== null && "clipboard" in navigator ? <Button look="wide" onPress={copy}>{t("talk.copy")}</Button> : null}
        <Button look="wide" onPress={() => { onClose(); go({ screen: "person", user }); }}><Icon name="eye" size={18} />{t("talk.person")}</Button>
        <Button look="wide" onPress={silence}><Icon name="mute" size={18} />{t("person.mute")}</Button>
        <Button look="wide" onPress={() => setNext("report")}><Icon name="flag" size={18} />{t("talk.report")}</Button>
        <Button look="wide" onPress={() => setNext("block")}><Icon name="block" size={18} />{t("person.block")}</Button>
        <div class="ends"><Button look="quiet" onPress={onClose}>{t("do.cancel")}</Button></div>
      </div>
    </Dialog>
  );
}
