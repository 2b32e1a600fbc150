import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { link } from "../api.ts";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";

/** Without a connection it can be tried again; with one, the server has a newer page than this. */
function Failed({ onRetry }: { onRetry: () => void }) {
  const newer = link.value.state === "open" && navigator.onLine; // a connection that broke may not be known to be lost yet
  return (
    <div class="empty" role="alert">
      <p>{t(newer ? "update.ready" : "error.offline")}</p>
      <Button onPress={newer ? () => location.reload() : onRetry}>{t(newer ? "app.reload" : "do.retry")}</Button>
    </div>
  );
}

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
    if (state === "failed") return <Failed onRetry={() => setState("loading")} />;
    return <div class="empty" aria-busy="true"><span class="spinner" aria-hidden="true" /><span class="unseen">{t("busy.loading")}</span></div>;
  };
}
