/** What people called themselves where they were last seen: around me, or in a conversation. Of this page alone, and bounded. */
const MOST = 2000;
const names = new Map<string, string>();

export function remember(user: string, name: string): void {
  names.delete(user); // the newest are last, and go last
  names.set(user, name);
  const oldest = names.size > MOST ? names.keys().next().value : undefined;
  if (oldest !== undefined) names.delete(oldest);
}

/** null for somebody who was not seen. */
export function nameOf(user: string): string | null {
  return names.get(user) ?? null;
}
