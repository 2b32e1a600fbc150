import { hue, initial } from "../people/names.ts";

/** The first letter of a name in the person's colour. Says nothing the name does not, so readers skip it. */
export function Avatar({ name, user, large = false }: { name: string; user: string; large?: boolean }) {
  return <span class={large ? "avatar large" : "avatar"} style={{ "--hue": String(hue(user)) }} aria-hidden="true">{initial(name)}</span>;
}
