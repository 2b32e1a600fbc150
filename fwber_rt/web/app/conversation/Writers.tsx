import { t } from "../text.ts";
import { Name } from "../ui/Name.tsx";
import { Say } from "../ui/Say.tsx";
import type { Entry } from "./entries.ts";
import { readers, writers } from "./talk.ts";

/** Who is writing; a line that is there, so that nothing moves when somebody begins. */
export function Writers() {
  const [one, two, ...more] = writers.value;
  return (
    <p class="writing" aria-live="off">
      {!one ? null
        : !two ? <Say text="talk.typing.one" values={{ name: <Name name={one.name} /> }} />
        : more.length === 0 ? <Say text="talk.typing.two" values={{ name: <Name name={one.name} />, other: <Name name={two.name} /> }} />
        : t("talk.typing.many", { count: more.length + 2 })}
    </p>
  );
}

/** How many have read my newest message, of those who share that. */
export function Readers({ entries, user }: { entries: readonly Entry[]; user: string }) {
  const mine = entries.findLast((entry) => entry.kind === "said" && entry.user === user);
  if (!mine) return null;
  let count = 0;
  for (const [who, o] of readers.value) if (who !== user && o >= mine.o) count += 1;
  return count > 0 ? <li class="event end">{t("talk.read", { count })}</li> : null;
}
