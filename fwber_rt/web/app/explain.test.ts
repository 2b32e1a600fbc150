import { describe, expect, it } from "vitest";
import schema from "../client/schema.ts?raw";
import { Closed, ERRORS, Lost, Refusal } from "../client/index.ts";
import { explain } from "./explain.ts";
import { messages } from "./messages.ts";

const SERVERS = "The server's own sentence";
const names = Object.keys(ERRORS);
const keys = Object.keys(messages);

/** Errors of the server that no page can meet, and that have no words therefore. */
const NEVER_MET: readonly string[] = [];
/** What goes wrong in the page itself. */
const OWN = ["unknown", "offline", "unreadable", "field"];

/** What the page itself puts into requests: when it is not as it must be, the page is at fault and nobody who filled something in. */
const NOT_FILLED_IN = `accept_precise accuracy_m after attachments before cleared client confirm consent cookie epoch everywhere export
  heading hide kind least limit location nonce o outcome purpose receipt refresh reply_to report resume retention retry role room s
  session share sid slow_ms speed_mps state streams strict text_hash ticket token ts visibility warning`.split(/\s+/);

function refusal(name: string, field: string | null = null, retry = 0): Refusal {
  return new Refusal({ code: 40000, name, message: SERVERS, temporary: false, retry_after_ms: retry, field });
}

/** The names of all fields of a request, those within others too. */
function fieldsOf(type: string, seen: Set<string> = new Set()): string[] {
  if (seen.has(type)) return [];
  seen.add(type);
  const body = new RegExp(`^export interface ${type} \\{\\n(.*?)^\\}`, "ms").exec(schema)?.[1] ?? "";
  return [...body.matchAll(/^ {2}(\w+)\??: (.+);$/gm)].flatMap(([, name = "", of = ""]) => [
    name, ...[...of.matchAll(/\b[A-Z]\w+/g)].flatMap(([inner]) => fieldsOf(inner, seen)),
  ]);
}

describe("errors", () => {
  it("have words, each one that a page can meet, and there are no words for what is none", () => {
    expect(names.length).toBeGreaterThan(40);
    const worded = keys.filter((key) => key.startsWith("error.")).map((key) => key.slice("error.".length));
    expect([...names, ...OWN].sort()).toEqual([...worded, ...NEVER_MET].sort());
  });

  it.each(names)("are told in the page's words: %s", (name) => {
    const said = explain(refusal(name));
    expect(said).not.toContain(SERVERS);
    expect(said).not.toContain(`(${name})`);
  });

  it("say how long to wait", () => expect(explain(refusal("rate.limited", null, 4200))).toContain("5 s"));

  it("are named where a newer server has made one up", () => {
    expect(explain(refusal("later.invention"))).toContain("later.invention");
    expect(explain(refusal("later.invention"))).not.toContain(SERVERS);
  });

  it("tell a lost connection from a refusal", () => {
    expect(explain(new Lost())).toBe(explain(new Closed()));
    expect(explain(new TypeError("x"))).toContain("TypeError");
  });
});

describe("a field that is not as it must be", () => {
  const requests = [...schema.matchAll(/^ {2}"?[a-z_.]+"?: \{ d: (\w+); ok: /gm)].map(([, type = ""]) => type);
  const fields = [...new Set(requests.flatMap((type) => fieldsOf(type)))].sort();
  const filledIn = fields.filter((field) => !NOT_FILLED_IN.includes(field));
  const named = (field: string): string => explain(refusal("field.invalid", field));

  it("is known, whatever it is", () => {
    expect(requests.length).toBeGreaterThan(90);
    expect(filledIn).toContain("radius_m");
    expect(NOT_FILLED_IN.filter((field) => !fields.includes(field))).toEqual([]);
  });

  it.each(filledIn)("is told in words of its own: %s", (field) => {
    expect(named(field)).not.toContain("“");
    expect(named(field)).not.toContain(SERVERS);
  });

  it("is told by the innermost part of its path that has words", () => {
    expect(named("content.text")).toBe(named("text"));
    expect(named("tags[2]")).toBe(named("tags"));
    expect(named("new")).toBe(named("password"));
  });

  it("is named where there are no words for it, and where none is named it is said so", () => {
    expect(named("nonce")).toContain("nonce");
    expect(explain(refusal("field.invalid"))).toBe(messages["error.field.invalid"]);
  });
});
