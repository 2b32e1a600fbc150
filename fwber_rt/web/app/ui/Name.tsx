import { shortId } from "../people/ids.ts";

/** What somebody calls themselves: apart from the text around it, on one line, never markup. */
export function Name({ name, user, twin = false }: { name: string; user?: string | undefined; twin?: boolean }) {
  const long = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  return (
    <>
      <bdi class="name" dir="auto" title={long}>{long}</bdi>
      {twin && user ? <span class="soft small number">{` …${shortId(user)}`}</span> : null}
    </>
  );
}
