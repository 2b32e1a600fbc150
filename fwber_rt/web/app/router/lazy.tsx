import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";

/**
 * A component that is loaded when it is first shown. When that fails it can be tried again. `load` may be called before, so that
 * it is there by then: modules are fetched once.
 */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let found: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [state, setState] = useState<"loading" | "failed" | "there">(found ? "there" : "loading");
    useEffect(() => {
      if (state !== "loading") return;
      load().then((component) => { found = component; setState("there"); }, () => setState("failed"));
    }, [state]);
    if (found) {
      const Found = found;
      return <Found {...props} />;
    }
    if (state === "failed") return <div class="empty"><p>{t("error.offline")}</p><Button onPress={() => setState("loading")}>{t("do.retry")}</Button></div>;
    return <div class="empty" aria-busy="true"><span class="spinner" aria-hidden="true" /><span class="unseen">{t("busy.loading")}</span></div>;
  };
}
