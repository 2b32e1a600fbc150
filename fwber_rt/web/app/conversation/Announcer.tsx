import { useEffect, useState } from "preact/hooks";
import { me } from "../state/people.ts";
import { t } from "../text.ts";
import type { Conversation } from "./Conversation.ts";
import type { Said } from "./entries.ts";
import { newest } from "./timeline.ts";

const EVERY_MS = 3000; // a reader that is interrupted by every message says none of them
const LONGEST = 200;

/** Reads out what others say, politely: the newest, and how many it stands for. */
export function Announcer({ conversation }: { conversation: Conversation }) {
  const [text, setText] = useState("");
  useEffect(() => {
    let told: Said | null = newest(conversation.timeline.peek());
    const timer = setInterval(() => {
      const timeline = conversation.timeline.peek();
      const now = newest(timeline);
      if (!now || now.key === told?.key) return;
      const at = told ? timeline.entries.findIndex(({ key }) => key === told?.key) : -1;
      const fresh = told === null ? [] : timeline.entries.slice(at + 1).filter((entry): entry is Said => entry.kind === "said" && entry.user !== me.peek()?.user);
      told = now;
      const one = fresh[0];
      if (one) setText(fresh.length === 1 ? t("talk.heard", { name: one.name, text: (one.text ?? t("talk.unknown")).slice(0, LONGEST) }) : t("talk.came", { count: fresh.length }));
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [conversation]);
  return <p class="unseen" role="status">{text}</p>;
}
