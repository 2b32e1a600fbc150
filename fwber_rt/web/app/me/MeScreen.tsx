import { useState } from "preact/hooks";
import { session, who } from "../api.ts";
import { day } from "../format.ts";
import { format, type Screen } from "../router/route.ts";
import { canInstall, install } from "../shell/install.ts";
import { account } from "../state/account.ts";
import { say } from "../state/notices.ts";
import { t } from "../text.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { Pane } from "../ui/Pane.tsx";

const WAYS: readonly { screen: Screen; icon: IconName; title: "me.profile" | "me.privacy" | "me.hidden" | "me.look" | "me.account" | "me.devices" | "me.data"; text?: "me.privacy.what" | "me.account.what" | "me.data.what" }[] = [
  { screen: "profile", icon: "me", title: "me.profile" },
  { screen: "privacy", icon: "shield", title: "me.privacy", text: "me.privacy.what" },
  { screen: "hidden", icon: "block", title: "me.hidden" },
  { screen: "look", icon: "look", title: "me.look" },
  { screen: "account", icon: "key", title: "me.account", text: "me.account.what" },
  { screen: "devices", icon: "devices", title: "me.devices" },
  { screen: "data", icon: "data", title: "me.data", text: "me.data.what" },
];

/** Me: who I am here, and the way to everything about me. */
export function MeScreen() {
  const now = who.value;
  if (now.kind === "nobody") return null;
  const { name, user } = now.user;
  return (
    <Pane title={t("me.title")}>
      <div class="stack">
        <div class="row tight">
          <Avatar name={name} user={user} large />
          <div class="grow">
            <p class="strong"><Name name={name} /></p>
            <p class="soft small">{t(`me.${now.kind}`)}{account.value ? ` · ${t("account.since", { date: day(account.value.created) })}` : ""}</p>
          </div>
        </div>
        {now.kind === "guest" ? (
          <div class="card stack close">
            <p class="small">{t("me.guest.until", { date: day(now.until) })}</p>
            <div class="row"><a class="button main small" href={format({ screen: "account" })}>{t("me.keep")}</a></div>
          </div>
        ) : null}
        <ul class="list">
          {WAYS.map(({ screen, icon, title, text }) => (
            <li key={screen}>
              <a class="item" href={format({ screen })}>
                <Icon name={icon} />
                <span class="texts"><span>{t(title)}</span>{text ? <span class="second">{t(text)}</span> : null}</span>
                <Icon name="forward" size={18} />
              </a>
            </li>
          ))}
          {now.kind === "admin" ? <li><a class="item" href="/admin"><Icon name="flag" /><span class="texts">{t("me.admin.page")}</span><Icon name="forward" size={18} /></a></li> : null}
        </ul>
        {canInstall.value ? <Button onPress={install}>{t("install.offer")}</Button> : null}
        <Leave guest={now.kind === "guest"} />
      </div>
    </Pane>
  );
}

/** Signing out; a guest is told what that means for somebody without a password. */
function Leave({ guest }: { guest: boolean }) {
  const [sure, setSure] = useState(false);
  const leave = async (): Promise<void> => {
    await session.signOut().catch(() => undefined); // without a connection too: here it is over
    say(t("me.signed-out"));
  };
  return (
    <div class="row">
      <Button look="quiet danger" onPress={guest ? () => setSure(true) : leave}><Icon name="out" size={18} />{t(guest ? "me.leave" : "me.sign-out")}</Button>
      {sure ? (
        <Dialog title={t("me.leave.sure")} onClose={() => setSure(false)}>
          <p>{t("me.leave.what")}</p>
          <div class="ends">
            <Button look="quiet" onPress={() => setSure(false)}>{t("do.cancel")}</Button>
            <Button look="danger" onPress={leave}>{t("me.leave.do")}</Button>
          </div>
        </Dialog>
      ) : null}
    </div>
  );
}
