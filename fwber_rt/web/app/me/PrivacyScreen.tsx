import { ReadSection } from "../conversation/ReadSection.tsx";
import { Pane } from "../ui/Pane.tsx";
import { t } from "../text.ts";
import { ConsentSection } from "./ConsentSection.tsx";
import { PrecisionSection } from "./PrecisionSection.tsx";
import { ZonesSection } from "./ZonesSection.tsx";

/** How finely I am shown, where not at all, and whether at all. */
export function PrivacyScreen() {
  return (
    <Pane title={t("privacy.title")} from={{ screen: "me" }}>
      <PrecisionSection />
      <ZonesSection />
      <ReadSection />
      <ConsentSection />
    </Pane>
  );
}
