import { Component } from "preact";
import { day, timeOfDay } from "../format.ts";
import { isKey, t } from "../text.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Name } from "../ui/Name.tsx";
import { Say } from "../ui/Say.tsx";
import type { Line, Said } from "./entries.ts";
import type { Row } from "./rows.ts";
import { Words } from "./Words.tsx";

export interface RowProps {
  row: Row;
  /** It is by me. */
  own: boolean;
  onTools: (said: Said) => void;
}

/** One row; drawn once, since nothing about what was said changes. */
export class RowItem extends Component<RowProps> {
  override shouldComponentUpdate({ row, own }: RowProps): boolean {
    const now = this.props.row;
    if (own !== this.props.own || row.kind !== now.kind) return true;
    return row.kind === "said" && now.kind === "said" ? row.said !== now.said || row.first !== now.first : row.key !== now.key;
  }

  override render({ row, own, onTools }: RowProps) {
    if (row.kind === "day") return <li class="between"><span>{day(row.at)}</span></li>;
    if (row.kind === "unread") return <li class="between fresh" data-unread><span>{t("talk.new")}</span></li>;
    if (row.kind === "line") return <LineItem line={row.line} />;
    return <SaidItem said={row.said} first={row.first} own={own} onTools={onTools} />;
  }
}

function LineItem({ line: { what, name, user } }: { line: Line }) {
  const keys = [`talk.${what}`, `talk.left.${what}`, `talk.role.${what}`];
  const key = keys.find(isKey);
  return key && isKey(key) ? <li class="event"><Say text={key} values={{ name: <Name name={name} user={user} /> }} /></li> : null;
}

function SaidItem({ said, first, own, onTools }: { said: Said; first: boolean; own: boolean; onTools: (said: Said) => void }) {
  const name = own ? t("talk.me") : said.name || t("person.somebody");
  return (
    <li class={`said-by${own ? " own" : ""}${first ? " first" : ""}`}>
      {own ? null : <span class="face">{first ? <Avatar name={name} user={said.user} /> : null}</span>}
      <div class="bubble">
        {first && !own ? <p class="by"><Name name={name} user={said.user} /></p> : <span class="unseen">{name}</span>}
        {said.text === null ? <em class="soft">{t("talk.erased")}</em> : <Words text={said.text} />}
        <span class="at">
          <time dateTime={new Date(said.ts).toISOString()}>{timeOfDay(said.ts)}</time>
          {own ? <><Icon name="check" size={14} /><span class="unseen">{t("talk.stored")}</span></> : null}
        </span>
      </div>
      {own ? null : <button type="button" class="round tools-of" aria-label={t("talk.tools", { name })} onClick={() => onTools(said)}><Icon name="more" size={18} /></button>}
    </li>
  );
}
