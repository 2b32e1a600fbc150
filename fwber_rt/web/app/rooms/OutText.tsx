import { serverNow } from "../api.ts";
import { moment } from "../format.ts";
import type { Out } from "../state/rooms.ts";
import { t } from "../text.ts";

/** Why I am no longer in a room, until when, and what I was told. */
export function OutText({ out: { why, until, reason } }: { out: Out }) {
  return (
    <>
      <p class="strong">{why === "banned" ? (until === null ? t("out.banned.ever") : t("out.banned", { date: moment(until, serverNow()) })) : t(`out.${why}`)}</p>
      {reason ? <p>{t("out.reason")} <bdi class="words" dir="auto">{reason}</bdi></p> : null}
    </>
  );
}
