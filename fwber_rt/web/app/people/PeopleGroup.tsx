import { useState } from "preact/hooks";
import { format } from "../router/route.ts";
import { t } from "../text.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import type { Group, Person } from "./groups.ts";

const AT_ONCE = 50; // a list of a thousand is long to draw and nobody reads it

/** People of one ring of hexagons. */
export function PeopleGroup({ group }: { group: Group }) {
  const [most, setMost] = useState(AT_ONCE);
  const { people, unnamed } = group;
  return (
    <section class="section">
      <h2 class="minor">{title(group.band)}</h2>
      <ul class="list">
        {people.slice(0, most).map((person) => <PersonItem key={person.user} person={person} />)}
      </ul>
      {people.length > most ? <Button look="quiet small" onPress={() => setMost(most + 2 * AT_ONCE)}>{t("list.more")}</Button> : null}
      {unnamed > 0 ? <p class="soft small">{t("around.crowd", { count: unnamed })}</p> : null}
    </section>
  );
}

function PersonItem({ person }: { person: Person }) {
  return (
    <li>
      <a class="item" href={format({ screen: "person", user: person.user })}>
        <Avatar name={person.name} user={person.user} />
        <span class="texts"><span><Name name={person.name} user={person.user} twin={person.twin} /></span></span>
        {person.muted ? <span class="chip"><Icon name="mute" size={14} />{t("around.muted")}</span> : null}
        <Icon name="forward" size={18} />
      </a>
    </li>
  );
}

function title(band: number): string {
  if (band === 0) return t("around.band.0");
  return band > 50 ? t("around.band.far") : t("around.band.near", { count: band });
}
