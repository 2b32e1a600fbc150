import { useEffect, useState } from "preact/hooks";
import type { SignInView } from "../../client/index.ts";
import { ask, serverNow, session, who } from "../api.ts";
import { explain } from "../explain.ts";
import { moment } from "../format.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { Pane } from "../ui/Pane.tsx";

/** Where I am signed in, and the end of each. */
export function DevicesScreen() {
  const [devices, setDevices] = useState<readonly SignInView[] | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [sure, setSure] = useState(false);
  const load = (): Promise<void> => ask("auth.sessions", {}).then(({ sign_ins }) => setDevices(sign_ins), (error: unknown) => setWrong(explain(error)));
  useEffect(() => void load(), []);
  const end = async (sid: string): Promise<void> => {
    await ask("auth.session.revoke", { sid });
    say(t("devices.ended"));
    await load();
  };
  return (
    <Pane title={t("devices.title")} from={{ screen: "me" }}>
      <div class="stack">
        {wrong ? <p class="card bad" role="alert">{wrong}</p> : null}
        {who.value.kind === "guest" ? <p class="soft">{t("devices.guest")}</p> : null}
        {devices === null && !wrong ? <p class="soft" aria-busy="true">{t("busy.loading")}</p> : null}
        <ul class="list">{(devices ?? []).map((device) => <Device key={device.sid} device={device} onEnd={() => end(device.sid)} />)}</ul>
        {who.value.kind === "guest" ? null : <div class="row"><Button look="quiet danger" onPress={() => setSure(true)}>{t("devices.all")}</Button></div>}
        {sure ? (
          <Dialog title={t("devices.all.sure")} onClose={() => setSure(false)}>
            <p>{t("devices.all.what")}</p>
            <div class="ends">
              <Button look="quiet" onPress={() => setSure(false)}>{t("do.cancel")}</Button>
              <Button look="danger" onPress={() => session.signOut(true)}>{t("devices.all")}</Button>
            </div>
          </Dialog>
        ) : null}
      </div>
    </Pane>
  );
}

function Device({ device, onEnd }: { device: SignInView; onEnd: () => Promise<void> }) {
  return (
    <li class="item">
      <Icon name="devices" />
      <span class="texts">
        <span><Name name={device.client || t("devices.unnamed")} /></span>
        <span class="second">{t("devices.used", { date: moment(device.used, serverNow()) })}</span>
      </span>
      {device.current ? <span class="chip good">{t("devices.this")}</span> : <Button look="small" onPress={onEnd}>{t("devices.end")}</Button>}
    </li>
  );
}
