/** Operations over REST: the same requests and replies as over the WebSocket, one HTTP request each. */
import type { Environment, HttpAnswer } from "./environment.ts";
import { isRecord, Lost, refusalOf, write } from "./errors.ts";
import { PREFIX, ROUTES } from "./schema.ts";

export const ANSWER_MS = 20_000;

export interface Credential {
  token?: string;
  /** The browser sends its cookie, and takes one, by itself; the header shows that a page of this server asks. */
  cookie?: boolean;
}

/** The `ok` of one operation. Rejects with Refusal, or with Lost when there was no answer of this server. */
export async function ask(environment: Environment, url: string, op: string, d: object, who: Credential): Promise<unknown> {
  const route = (ROUTES as Record<string, string | undefined>)[op];
  if (!route) throw new TypeError(`${op} is not over REST`);
  const [method = "", path = ""] = route.split(" ");
  const { where, body } = place(method, path, d);
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (who.token) headers.Authorization = `Bearer ${who.token}`;
  if (who.cookie && method !== "GET") headers["X-Fwber-CSRF"] = "1";
  const credentials = who.cookie ? "same-origin" : "omit";
  const request = { method, headers, credentials, ...(body === undefined ? {} : { body }) } as const;
  return await read(await withinTime(environment, environment.fetch(url + PREFIX + where, request)));
}

/** Fields in the path first, then in the query or the body. */
function place(method: string, path: string, d: object): { where: string; body?: string } {
  const fields = new Map(Object.entries(d).filter(([, value]) => value !== undefined));
  const where = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(fields.get(name));
    fields.delete(name);
    return encodeURIComponent(value);
  });
  if (method !== "GET" && method !== "DELETE") return { where, body: write(Object.fromEntries(fields)) };
  const query = [...fields]
    .filter(([, value]) => value !== null)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => [name, String(each)]));
  return { where: query.length ? `${where}?${query.map((pair) => pair.map(encodeURIComponent).join("=")).join("&")}` : where };
}

async function withinTime(environment: Environment, answer: Promise<HttpAnswer>): Promise<HttpAnswer> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = environment.later(ANSWER_MS, () => reject(new Lost(1006, "no answer in time")));
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw error instanceof Lost ? error : new Lost(1006, "no answer");
  } finally {
    environment.cancel(timer);
  }
}

async function read(answer: HttpAnswer): Promise<unknown> {
  const body = await answer.json().catch(() => null);
  if (answer.status === 200 && isRecord(body)) return body;
  throw refusalOf(body) ?? new Lost(1006, `the answer was not this server's (${answer.status})`);
}
