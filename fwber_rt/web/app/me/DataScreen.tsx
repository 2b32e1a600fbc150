import { t } from "../text.ts";
import { Pane } from "../ui/Pane.tsx";
import { CopySection } from "./CopySection.tsx";
import { EraseSection } from "./EraseSection.tsx";

/** Everything about me: a copy of it, or an end to it. */
export function DataScreen() {
  return (
    <Pane title={t("data.title")} from={{ screen: "me" }}>
      <CopySection />
      <EraseSection />
    </Pane>
  );
}
