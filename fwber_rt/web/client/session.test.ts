import { beforeEach, describe, expect, test } from "vitest";
import { Lost, Refusal } from "./errors.ts";
import { ACCOUNT, ADA, body, GUEST, shelf, WALL, World } from "./fakes.ts";
import { ANSWER_MS } from "./rest.ts";
import { Session } from "./session.ts";

let world: World;
let store: ReturnType<typeof shelf>;
beforeEach(() => {
  world = new World();
  store = shelf();
});

const make = (more: object = {}): Session => new Session({ url: "http://here", store, environment: world.environment(), ...more });
const answers = (...bodies: object[]): void => {
  world.answers = bodies.map((each) => ({ status: "code" in each ? 400 : 200, body: each }));
};
const signedIn = (token: string | null, refresh: string | null): object => ({
  user: ADA, kind: "user", sid: "s", ends: WALL, token, expires: WALL, refresh,
});
const sent = (number = -1): { url: string; method: string; headers: Record<string, string>; body: unknown } => {
  const { url, request } = world.asked.at(number) as (typeof world.asked)[0];
  return { url, ...request, body: request.body === undefined ? undefined : JSON.parse(request.body) };
};

describe("signing in", () => {
  test("as a guest, kept over a reload and seen by other tabs", async () => {
    const other = make();
    const told: string[] = [];
    other.onChange((who) => told.push(who.kind));
    answers({ token: "t", user: ADA, expires: WALL });
    await make().guest("Ada", { purpose: "location", text_hash: "h" });
    expect(sent()).toMatchObject({ url: "http://here/api/v1/auth/guest", method: "POST", body: { name: "Ada", consent: { text_hash: "h" } } });
    expect(make().who).toEqual({ kind: "guest", user: ADA, until: WALL });
    expect(other.who).toEqual({ kind: "guest", user: ADA, until: WALL });
    expect(told).toEqual(["guest"]);
  });

  test("with an account, and out again everywhere", async () => {
    const session = make({ device: "Firefox" });
    answers(signedIn("t", "r"), {});
    await session.signIn("ada", "secret", "123456");
    expect(sent().body).toEqual({ login: "ada", password: "secret", code: "123456", client: "Firefox", cookie: false });
    await session.signOut(true);
    expect(sent()).toMatchObject({ headers: { Authorization: "Bearer t" }, body: { everywhere: true } });
    expect([session.who.kind, store.get("session")]).toEqual(["nobody", null]);
  });

  test("out, although the server cannot be reached", async () => {
    store.set("session", GUEST);
    const session = make();
    await expect(session.signOut()).rejects.toBeInstanceOf(Lost);
    expect(session.who.kind).toBe("nobody");
  });

  test("refused leaves who was signed in", async () => {
    store.set("session", GUEST);
    const session = make();
    answers(body("login.wrong"));
    await expect(session.signIn("ada", "x")).rejects.toMatchObject({ name: "login.wrong" });
    expect(session.who.kind).toBe("guest");
  });

  test("with a cookie keeps no secret where a script could read it", async () => {
    const session = make({ cookie: true });
    answers(signedIn(null, null), { user: ADA });
    await session.register({ login: "ada", password: "long enough", name: "Ada" });
    expect(world.asked.at(-1)?.request.credentials).toBe("same-origin"); // else the browser takes no cookie
    expect(JSON.parse(store.get("session") ?? "")).toMatchObject({ cookie: true, token: null, refresh: null });
    await session.rest("account.me");
    expect(world.asked.at(-1)?.request).toMatchObject({ method: "GET", credentials: "same-origin" });
    expect(sent().headers).not.toHaveProperty("Authorization");
  });
});

test("what the server says somebody is now is kept, and told to those who listen", () => {
  store.set("session", ACCOUNT);
  const session = make();
  const told: string[] = [];
  session.onChange((who) => told.push(who.kind));
  for (const kind of ["user", "admin", "admin", "emperor", "user"]) session.become(kind);
  expect(told).toEqual(["admin", "user"]);
  expect(make().who.kind).toBe("user");
});

test("a guest who becomes an account with a cookie is known by the token until then", async () => {
  store.set("session", GUEST);
  const session = make({ cookie: true });
  answers(signedIn(null, null));
  await session.upgrade({ login: "ada", password: "long enough" });
  expect(sent()).toMatchObject({ headers: { Authorization: "Bearer guest-token" }, body: { cookie: true } });
  expect(world.asked.at(-1)?.request.credentials).toBe("same-origin");
  expect(session.who.kind).toBe("user");
});

describe("renewing", () => {
  beforeEach(() => store.set("session", ACCOUNT));

  test("the token in use is used until the server says no", async () => {
    const session = make();
    expect(await session.entry()).toEqual({ token: "old-token" });
    session.reject();
    answers(signedIn("new", "refresh-2"));
    expect(await session.entry()).toEqual({ token: "new" });
    expect(sent().body).toMatchObject({ refresh: "refresh-1" });
  });

  test("an answer that was lost is asked for again, in a reloaded page too", async () => {
    const first = make();
    first.reject();
    await expect(first.entry()).rejects.toBeInstanceOf(Lost);
    const nonce = (sent().body as { nonce: string }).nonce;
    const second = make();
    second.reject();
    answers(signedIn("new", "refresh-2"));
    await second.entry();
    expect(sent().body).toEqual({ refresh: "refresh-1", nonce });
    second.reject();
    answers(signedIn("newer", "refresh-3"));
    await second.entry();
    expect((sent().body as { nonce: string }).nonce).not.toBe(nonce);
  });

  test("two tabs at once use the refresh token once", async () => {
    const [one, two] = [make(), make()];
    one.reject();
    two.reject();
    answers(signedIn("new", "refresh-2"));
    expect(await Promise.all([one.entry(), two.entry()])).toEqual([{ token: "new" }, { token: "new" }]);
    expect(world.asked).toHaveLength(1);
  });

  test("what another tab has just renewed is taken over, though nobody told", async () => {
    const { watch: _, ...untold } = store;
    const [one, two] = [make(), new Session({ url: "http://here", store: untold, environment: world.environment() })];
    one.reject();
    two.reject();
    answers(signedIn("new", "refresh-2"));
    await one.entry();
    expect(await two.entry()).toEqual({ token: "new" });
    expect(world.asked).toHaveLength(1);
  });

  test.each(["token.reused", "token.expired", "user.banned"] as const)("%s is the end of the sign-in", async (name) => {
    const session = make();
    session.reject();
    answers(body(name));
    await expect(session.entry()).rejects.toMatchObject({ name });
    expect(session.who).toMatchObject({ kind: "nobody", why: { name } });
    await expect(session.entry()).rejects.toMatchObject({ name });
  });

  test("a refusal that passes is not", async () => {
    const session = make();
    session.reject();
    answers(body("rate.limited", { retry_after_ms: 9 }));
    await expect(session.entry()).rejects.toMatchObject({ name: "rate.limited" });
    expect(session.who.kind).toBe("user");
  });

  test("an expired token is renewed under a request over REST", async () => {
    answers(body("token.expired"), signedIn("new", "refresh-2"), { user: ADA });
    expect(await make().rest("account.me")).toEqual({ user: ADA });
    expect(sent().headers.Authorization).toBe("Bearer new");
  });
});

describe("over REST", () => {
  beforeEach(() => store.set("session", GUEST));

  test("fields stand in the path, then in the query or the body", async () => {
    answers({}, {}, {});
    const session = make();
    await session.rest("message.history", { room: "1 /?", before: 9, after: null });
    expect(sent()).toMatchObject({ url: "http://here/api/v1/rooms/1%20%2F%3F/messages?before=9", body: undefined });
    await session.rest("message.send", { room: "1", text: "hi" });
    expect(sent()).toMatchObject({ url: "http://here/api/v1/rooms/1/messages", method: "POST", body: { text: "hi" } });
    await session.rest("consent.withdraw", { purpose: "location" });
    expect(sent()).toMatchObject({ url: "http://here/api/v1/consents/location", method: "DELETE", body: undefined });
  });

  test("no answer, a late one and a proxy's page are all losses", async () => {
    const session = make();
    await expect(session.rest("account.me")).rejects.toBeInstanceOf(Lost);
    world.answers = [{ status: 502, body: "<html>" }];
    await expect(session.rest("account.me")).rejects.toThrow("not this server's (502)");
    const hanging = new Session({ url: "", store, environment: { ...world.environment(), fetch: () => new Promise(() => undefined) } });
    const late = expect(hanging.rest("account.me")).rejects.toThrow("no answer in time");
    await world.pass(ANSWER_MS);
    await late;
  });

  test("a problem is a refusal", async () => {
    answers({ code: 42911, name: "rate.limited", title: "Slow down", detail: "Later.", temporary: true, retry_after_ms: 5 });
    const refused = await make().rest("account.me").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ name: "rate.limited", message: "Later.", retryAfterMs: 5 });
  });
});

test.each(["{", "null", "[]", '{"kind":7}', '{"kind":"user"}'])("a store with nonsense (%s) is nobody's", (text) => {
  store.set("session", text);
  expect(make().who.kind).toBe("nobody");
});
