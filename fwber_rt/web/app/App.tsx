import { who } from "./api.ts";
import { Receipt } from "./me/Receipt.tsx";
import { lazy } from "./router/lazy.tsx";
import { Toasts } from "./ui/Toasts.tsx";
import { Welcome } from "./welcome/Welcome.tsx";

const loadShell = async () => (await import("./shell/Shell.tsx")).Shell;
const Shell = lazy(loadShell);

/** The page: the way in while nobody is, and everything after. The map is fetched at once, but nobody waits for it to come in. */
export function App() {
  return (
    <>
      {who.value.kind === "nobody" ? <Welcome /> : <Shell />}
      <Receipt />
      <Toasts />
    </>
  );
}

loadShell().catch(() => undefined); // asked for again, and told, when it is needed
