import { myId } from "../api.ts";
import { to } from "../route.ts";
import { t } from "../text.ts";

/** A user by id. `0` is nobody with an account: the command line. */
export function UserLink({ user }: { user: string }) {
  if (user === "0") return <span>{t("op.shell")}</span>;
  return <a class="mono" href={to("users", user)}>{user === myId() ? t("op.you") : user}</a>;
}
