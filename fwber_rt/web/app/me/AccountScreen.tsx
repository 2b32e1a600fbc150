import { who } from "../api.ts";
import { account } from "../state/account.ts";
import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";
import { EmailSection } from "./EmailSection.tsx";
import { PasswordSection } from "./PasswordSection.tsx";
import { TotpSection } from "./TotpSection.tsx";
import { UpgradeSection } from "./UpgradeSection.tsx";

/** How I sign in: for a guest, the way to an account; for an account, everything about it. */
export function AccountScreen() {
  const mine = account.value;
  return (
    <Pane title={t("account.title")} from={{ screen: "me" }}>
      {who.value.kind === "guest" ? <UpgradeSection /> : null}
      {who.value.kind !== "guest" && mine === null ? <p class="soft" aria-busy="true">{t("busy.loading")}</p> : null}
      {mine?.login ? (
        <>
          <section class="section">
            <h2>{t("account.login")}</h2>
            <p class="words">{mine.login}</p>
          </section>
          <EmailSection mine={mine} />
          <PasswordSection />
          <TotpSection mine={mine} />
        </>
      ) : null}
    </Pane>
  );
}
