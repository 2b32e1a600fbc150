import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Outgoing } from "../../client/index.ts";
import { client } from "../api.ts";
import { explain } from "../explain.ts";
import { me } from "../state/people.ts";
import { blocked, muted } from "../state/relations.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Announcer } from "./Announcer.tsx";
import { Composer } from "./Composer.tsx";
import type { Conversation } from "./Conversation.ts";
import type { Said } from "./entries.ts";
import { Log } from "./Log.tsx";
import { HERE, isNew, type Mark } from "./marks.ts";
import { MessageDialog } from "./MessageDialog.tsx";
import { waiting } from "./outgoing.ts";
import { Pending } from "./Pending.tsx";
import { marks } from "./reading.ts";
import { RowItem } from "./Rows.tsx";
import { rows } from "./rows.ts";
import { enter, leave, look, outgoing } from "./talk.ts";
import { lacking, shown, type Timeline } from "./timeline.ts";
import { Readers, Writers } from "./Writers.tsx";

interface Props {
  /** A room's id, or `here`. */
  id: string;
  /** Why nothing can be sent now. */
  closed?: ComponentChildren;
  note?: ComponentChildren;
}

/** A conversation: what was said, what I am sending, who is writing, and where I write. */
export function Talk({ id, closed, note }: Props) {
  const user = me.value?.user ?? "";
  const [conversation, since] = useMemo(() => [enter(id), marks.peek().get(id)] as const, [id]);
  useLayoutEffect(() => () => leave(conversation), [conversation]); // other effects wait for a frame: who leaves before it would never have left
  const [given, setGiven] = useState<{ text: string } | null>(null);
  const log = useRef<Log>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const edit = ({ nonce, text }: Outgoing): void => {
    setGiven({ text });
    client.peek()?.discard(nonce);
  };
  const toNewest = (): void => void conversation.jump().then(() => log.current?.toEnd());
  return (
    <div class="conversation">
      <Lines conversation={conversation} since={since} user={user} log={log} onTools={setSaid} onEdit={edit} onNewest={toNewest} />
      <Writers />
      <Composer key={id} user={user} conversation={id} closed={closed} note={note} given={given} onSent={toNewest} />
      <Announcer conversation={conversation} />
      {said ? <MessageDialog said={said} onClose={() => setSaid(null)} /> : null}
    </div>
  );
}

interface LinesProps {
  conversation: Conversation;
  since: Mark | undefined;
  user: string;
  log: { current: Log | null };
  onTools: (said: Said) => void;
  onEdit: (message: Outgoing) => void;
  onNewest: () => void;
}

function Lines({ conversation, since, user, log, onTools, onEdit, onNewest }: LinesProps) {
  const timeline = conversation.timeline.value;
  const [following, setFollowing] = useState(true);
  const entries = shown(timeline);
  const [mutes, blocks, sent, error] = [muted.value, blocked.value, outgoing.value, conversation.error.value];
  const drawn = useMemo(
    () => rows(entries, (who) => mutes.has(who) || blocks.has(who), (message) => message.user !== user && isNew(conversation.id, since, message)),
    [entries, mutes, blocks],
  );
  const mine = useMemo(() => waiting(sent.filter(({ room }) => (room ?? HERE) === conversation.id), entries, user), [sent, entries]);
  useOpening(timeline, log);
  const follow = (now: boolean): void => {
    conversation.following = now;
    setFollowing(now);
    if (now) look();
  };
  return (
    <>
      <Log held={log} label={t("talk.label")} whole={!timeline.cut} version={version(drawn, mine, error, timeline, conversation.busy.value)} onFollow={follow}
        onTop={() => { if (lacking(conversation.timeline.peek()).length > 0 && !conversation.error.peek()) void conversation.loadOlder(); }}
        onBottom={() => void conversation.loadNewer()}>
        <Top conversation={conversation} timeline={timeline} error={error} empty={drawn.length + mine.length === 0} />
        {drawn.map((row) => <RowItem key={row.key} row={row} own={row.kind === "said" && row.said.user === user} onTools={onTools} />)}
        {timeline.cut ? null : <Readers entries={entries} user={user} />}
        {timeline.cut ? null : mine.map((message) => <Pending key={message.nonce} message={message} onEdit={onEdit} />)}
      </Log>
      {following && !timeline.cut ? null : <Newest timeline={timeline} unread={marks.value.get(conversation.id)?.unread ?? 0} onPress={onNewest} />}
    </>
  );
}

let last: readonly unknown[] = [];
let number = 0;

/** A number that changes when one of the parts does. */
function version(...parts: readonly unknown[]): number {
  if (parts.some((part, place) => part !== last[place])) number += 1;
  last = parts;
  return number;
}

/** With the first page: to where the unread begin, where that is not in sight. */
function useOpening(timeline: Timeline, log: { current: Log | null }): void {
  const opened = useRef(false);
  useEffect(() => {
    if (opened.current || timeline.entries.length === 0 || [...timeline.sources.values()].some(({ from, whole }) => from === null && !whole)) return;
    opened.current = true;
    const line = log.current?.find("[data-unread]");
    if (line) log.current?.show(line);
    look();
  }, [timeline]);
}

/** What stands before the first line. */
function Top({ conversation, timeline, error, empty }: { conversation: Conversation; timeline: Timeline; error: unknown; empty: boolean }) {
  const more = timeline.sources.size === 0 || lacking(timeline).length > 0;
  if (error) {
    return (
      <li class="between" role="alert">
        <span>{explain(error)}</span> <Button look="small" onPress={() => conversation.loadOlder()}>{t("do.retry")}</Button>
      </li>
    );
  }
  if (more) return <li class="between loading">{conversation.busy.value ? <><span class="spinner" aria-hidden="true" /><span class="unseen">{t("busy.loading")}</span></> : null}</li>;
  if (!empty) return <li class="event">{t("talk.begins")}</li>;
  return <li class="empty"><Icon name="here" size={44} /><p class="strong">{t("talk.empty")}</p><p class="small">{t("talk.empty.what")}</p></li>;
}

function Newest({ timeline, unread, onPress }: { timeline: Timeline; unread: number; onPress: () => void }) {
  const count = Math.max(unread, timeline.newer);
  return (
    <div class="newest">
      <Button look="small main" onPress={onPress}>{count > 0 ? t("talk.came", { count }) : t("talk.newest")}</Button>
    </div>
  );
}
