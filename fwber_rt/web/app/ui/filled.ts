/** What is filled into a form, by the names of its fields. */

export function valuesOf(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

/** Fill in again what was kept as JSON; fields it does not name, and what is no such JSON, are left alone. */
export function restore(form: HTMLFormElement, kept: string | null): void {
  for (const [name, value] of Object.entries(read(kept))) {
    const field = form.elements.namedItem(name);
    if (typeof value === "string" && field && "value" in field) field.value = value;
  }
}

function read(kept: string | null): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(kept ?? "{}");
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {}; // cut short, or another version's
  }
}
