import type { ComponentType } from "preact";
import { ended, who } from "../api.ts";
import { Closed, Refusal } from "../../client/index.ts";
import { explain } from "../explain.ts";
import { lazy } from "../router/lazy.tsx";
import { route } from "../router/router.ts";
import { config } from "../state/config.ts";
import { keeps } from "../state/store.ts";
import { t } from "../text.ts";
import { Icon } from "../ui/Icon.tsx";
import { FirstVisit } from "./FirstVisit.tsx";
import { Ground } from "./Ground.tsx";

const SignIn = lazy(async () => (await import("./SignIn.tsx")).SignIn);
const Register = lazy(async () => (await import("./Register.tsx")).Register);
const Reset = lazy(async () => (await import("./Reset.tsx")).Reset);

/** The way in. */
export function Welcome() {
  const Way = way();
  const why = ending();
  return (
    <main class="welcome">
      <Ground />
      <div class="box">
        <p class="brand"><Icon name="around" size={28} />{t("app.name")}</p>
        {why ? <p class="card warn small" role="alert">{why}</p> : null}
        <Way />
        {keeps ? null : <p class="soft small">{t("storage.off")}</p>}
      </div>
    </main>
  );
}

function way(): ComponentType {
  switch (route.value.screen) {
    case "signIn": return SignIn;
    case "register": return Register;
    case "reset": return Reset;
    default: return config.value.guests ? FirstVisit : SignIn;
  }
}

/** Why somebody who was in is out again, where they did not leave by themselves. */
function ending(): string | null {
  const now = who.value;
  const why = now.kind === "nobody" ? (now.why ?? ended.value) : null;
  if (why instanceof Refusal) return why.name === "token.missing" ? null : explain(why);
  if (why instanceof Closed && why.code === 4010) return t("link.banned");
  return why instanceof Closed && why.code === 4012 ? t("link.revoked") : null;
}
