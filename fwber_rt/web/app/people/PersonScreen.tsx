import { useState } from "preact/hooks";
import type { Route } from "../router/route.ts";
import { BlockDialog } from "../safety/BlockDialog.tsx";
import { mute, unblock, unmute } from "../safety/relate.ts";
import { ReportDialog } from "../safety/ReportDialog.tsx";
import { wish } from "../state/map.ts";
import { nameOf, remember } from "../state/names.ts";
import { say } from "../state/notices.ts";
import { me } from "../state/people.ts";
import { blocked, muted } from "../state/relations.ts";
import { sheetSize } from "../state/sheet.ts";
import { around } from "../map/hexagons.ts";
import { t } from "../text.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { Pane } from "../ui/Pane.tsx";
import { personOf } from "./around.ts";

const NOTE = 200;

/** One person: what is known of them, which is a hexagon; and what one can do about them. */
export function PersonScreen({ route }: { route: Route }) {
  const user = route.user ?? "";
  const person = personOf(user);
  if (person) remember(user, person.name); // it stays while they walk out of sight
  const name = nameOf(user) ?? t("person.somebody");
  return (
    <Pane title={<Name name={name} />} from={{ screen: "around" }}>
      <div class="stack">
        <div class="row tight">
          <Avatar name={name} user={user} large />
          <div class="grow">
            <p>{person ? where(person.band) : t("person.gone")}</p>
            <p class="soft small number" title={t("person.id.why")}>{t("person.id", { id: user })}</p>
          </div>
        </div>
        {person ? (
          <div class="row"><Button look="small" onPress={() => { sheetSize.value = "peek"; wish.value = around(person.cell, 1); }}><Icon name="eye" size={18} />{t("person.show")}</Button></div>
        ) : null}
        {user === me.value?.user ? null : <Actions user={user} name={name} />}
      </div>
    </Pane>
  );
}

/** Mute, block and report, with what each does. */
export function Actions({ user, name }: { user: string; name: string }) {
  const [open, setOpen] = useState<"block" | "report" | null>(null);
  const [isMuted, isBlocked] = [muted.value.has(user), blocked.value.has(user)];
  const toggleMute = async (): Promise<void> => {
    await (isMuted ? unmute(user) : mute(user, name.slice(0, NOTE)));
    say(t(isMuted ? "person.unmuted" : "person.muted", { name }));
  };
  const free = async (): Promise<void> => {
    await unblock(user);
    say(t("person.unblocked", { name }));
  };
  return (
    <ul class="list">
      <Action icon="mute" title={t(isMuted ? "person.unmute" : "person.mute")} text={t("person.mute.what")} onPress={toggleMute} />
      <Action icon="block" title={t(isBlocked ? "person.unblock" : "person.block")} text={t("person.block.what")} onPress={isBlocked ? free : () => setOpen("block")} />
      <Action icon="flag" title={t("person.report")} text={t("report.what")} onPress={() => setOpen("report")} />
      {open === "block" ? <BlockDialog user={user} name={name} onClose={() => setOpen(null)} /> : null}
      {open === "report" ? <ReportDialog subject={{ user }} name={name} onClose={() => setOpen(null)} /> : null}
    </ul>
  );
}

function Action({ icon, title, text, onPress }: { icon: "mute" | "block" | "flag"; title: string; text: string; onPress: () => unknown }) {
  return (
    <li class="item">
      <Icon name={icon} />
      <span class="texts"><span class="small soft">{text}</span></span>
      <Button look="small" onPress={onPress}>{title}</Button>
    </li>
  );
}

function where(band: number): string {
  if (band === 0) return t("person.where.0");
  return band > 50 ? t("person.where.unknown") : t("person.where", { count: band });
}
