import { useEffect, useState } from "preact/hooks";
import type { Related } from "../../client/index.ts";
import { serverNow } from "../api.ts";
import { explain } from "../explain.ts";
import { moment } from "../format.ts";
import { listed, unblock, unmute } from "../safety/relate.ts";
import { say } from "../state/notices.ts";
import { blocked, muted } from "../state/relations.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Name } from "../ui/Name.tsx";
import { Pane } from "../ui/Pane.tsx";

interface Lists {
  readonly blocks: readonly Related[];
  readonly mutes: readonly Related[];
}

/** Whom I blocked and muted, with my notes, and the way back. */
export function HiddenScreen() {
  const [lists, setLists] = useState<Lists | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  useEffect(() => {
    const load = async (): Promise<Lists> => ({ blocks: await listed("user.blocks"), mutes: await listed("user.mutes") });
    load().then(setLists, (error: unknown) => setWrong(explain(error)));
  }, [blocked.value, muted.value]);
  const none = lists !== null && lists.blocks.length + lists.mutes.length === 0;
  return (
    <Pane title={t("hidden.title")} from={{ screen: "me" }}>
      {wrong ? <p class="card bad" role="alert">{wrong}</p> : null}
      {lists === null && !wrong ? <p class="soft" aria-busy="true">{t("busy.loading")}</p> : null}
      {none ? <p class="soft">{t("hidden.none")}</p> : null}
      {lists ? <Listed title={t("hidden.blocked")} people={lists.blocks} undo={unblock} word="unblock" /> : null}
      {lists ? <Listed title={t("hidden.muted")} people={lists.mutes} undo={unmute} word="unmute" /> : null}
      {none || lists === null ? null : <p class="section soft small">{t("hidden.why")}</p>}
    </Pane>
  );
}

function Listed({ title, people, undo, word }: { title: string; people: readonly Related[]; undo: (user: string) => Promise<void>; word: "unblock" | "unmute" }) {
  if (people.length === 0) return null;
  const free = async ({ user, note }: Related): Promise<void> => {
    await undo(user);
    say(t(word === "unblock" ? "person.unblocked" : "person.unmuted", { name: note || t("person.id", { id: user }) }));
  };
  return (
    <section class="section">
      <h2>{title}</h2>
      <ul class="list">
        {people.map((one) => (
          <li class="item wraps" key={one.user}>
            <span class="texts">
              {one.note ? <Name name={one.note} /> : <span class="number">{t("person.id", { id: one.user })}</span>}
              <span class="second">{t("hidden.since", { date: moment(one.at, serverNow()) })}{one.note ? ` · ${t("person.id", { id: one.user })}` : ""}</span>
            </span>
            <Button look="small" onPress={() => free(one)}>{t(`person.${word}`)}</Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
