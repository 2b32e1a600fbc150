import { Toasts } from "../app/ui/Toasts.tsx";
import { who } from "./api.ts";
import { Desk } from "./Desk.tsx";
import { NoAdministrator, SignIn } from "./SignIn.tsx";

export function App() {
  const { kind } = who.value;
  return (
    <>
      {kind === "nobody" ? <SignIn /> : kind === "admin" ? <Desk /> : <NoAdministrator />}
      <Toasts />
    </>
  );
}
