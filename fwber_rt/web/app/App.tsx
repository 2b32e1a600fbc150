import { who } from "./api.ts";
import { Shell } from "./shell/Shell.tsx";
import { Toasts } from "./ui/Toasts.tsx";
import { Welcome } from "./welcome/Welcome.tsx";

/** The page: the way in while nobody is, and everything after. */
export function App() {
  return (
    <>
      {who.value.kind === "nobody" ? <Welcome /> : <Shell />}
      <Toasts />
    </>
  );
}
