import { useId, useState } from "preact/hooks";
import { Avatar } from "../../app/ui/Avatar.tsx";
import { Button } from "../../app/ui/Button.tsx";
import { Name } from "../../app/ui/Name.tsx";
import type { FindUsers, FoundUser } from "../../client/index.ts";
import { ask } from "../api.ts";
import { to } from "../route.ts";
import { named, t } from "../text.ts";
import { ListEnd } from "../ui/ListEnd.tsx";
import { Screen } from "../ui/Screen.tsx";
import { useList } from "../ui/useList.ts";

const LEAST = ["guest", "user", "admin"] as const;
const CHARS = 254;

/** Users by what the operator may know of them, which is not where they are. */
export function UsersScreen() {
  const [wanted, setWanted] = useState<{ q: string; least: NonNullable<FindUsers["least"]> }>({ q: "", least: "guest" });
  const list = useList(`${wanted.least}/${wanted.q}`, async (cursor) => {
    const { users, next } = await ask("user.find", { ...wanted, cursor });
    return { items: users, next };
  });
  const id = useId();
  return (
    <Screen title={t("users.title")}>
      <form class="filters" role="search" aria-label={t("users.title")} onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        setWanted({ q: String(form.get("q") ?? "").trim(), least: LEAST.find((each) => each === form.get("least")) ?? "guest" });
      }}>
        <div class="field grow">
          <label for={`${id}-q`}>{t("users.search")}</label>
          <input id={`${id}-q`} class="input" type="search" name="q" maxLength={CHARS} autoComplete="off" dir="auto" />
        </div>
        <div class="field">
          <label for={`${id}-least`}>{t("users.least")}</label>
          <select id={`${id}-least`} class="input" name="least">{LEAST.map((each) => <option key={each} value={each}>{t(`users.least.${each}`)}</option>)}</select>
        </div>
        <Button type="submit" look="main">{t("users.find")}</Button>
      </form>
      <ul class="list">{list.items.map((user) => <li key={user.user}><Item user={user} /></li>)}</ul>
      <ListEnd list={list} none={t("users.none")} more={t("users.more")} />
    </Screen>
  );
}

function Item({ user }: { user: FoundUser }) {
  return (
    <a class="item" href={to("users", user.user)}>
      <Avatar name={user.name} user={user.user} />
      <span class="texts">
        <span><Name name={user.name} /></span>
        <span class="second"><span class="mono">{user.user}</span>{user.login ? <> · <bdi>{user.login}</bdi></> : null}</span>
      </span>
      <Chips user={user} />
    </a>
  );
}

/** What stands out about a user. */
export function Chips({ user }: { user: FoundUser }) {
  return (
    <span class="chips">
      {user.kind === "user" ? null : <span class="chip">{named(`kind.${user.kind}`, user.kind)}</span>}
      {user.online ? <span class="chip good">{t("user.online")}</span> : null}
      {user.banned ? <span class="chip bad">{t("user.suspended")}</span> : null}
    </span>
  );
}
