import { PlaceCard } from "../place/PlaceCard.tsx";
import { config } from "../state/config.ts";
import { slowed } from "../state/frame.ts";
import { beyond, looking } from "../state/people.ts";
import { located } from "../state/place.ts";
import { t } from "../text.ts";
import { Icon } from "../ui/Icon.tsx";
import { Pane } from "../ui/Pane.tsx";
import { groups, peopleCount } from "./around.ts";
import { PeopleGroup } from "./PeopleGroup.tsx";

const SPOKEN_MS = 5000; // readers are told how many there are, not of everybody who comes and goes
const spoken = slowed(peopleCount, SPOKEN_MS);

/** Where I am and how I am seen; and who is around, by hexagons and never by distance. */
export function AroundScreen() {
  const more = beyond.value;
  return (
    <Pane title={t("around.title")} tools={looking.value ? <span class="spinner soft" aria-hidden="true" /> : undefined}>
      {config.value.demo ? <p class="demo">{t("demo.label")}</p> : null}
      <PlaceCard />
      {located.value ? (
        <>
          <p class="unseen" role="status">{t("around.people", { count: spoken.value })}</p>
          {groups.value.map((group) => <PeopleGroup key={group.band} group={group} />)}
          {typeof more === "number" && more > 0 ? <p class="section soft small">{t("around.more", { count: more })}</p> : null}
          {groups.value.length === 0 ? <Nobody /> : null}
        </>
      ) : null}
    </Pane>
  );
}

function Nobody() {
  return (
    <div class="empty">
      <Icon name="around" size={44} />
      <p class="strong">{t("around.nobody")}</p>
      <p class="small">{t("around.nobody.what")}</p>
    </div>
  );
}
