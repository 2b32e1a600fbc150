import { describe, expect, it } from "vitest";
import table from "../../reference/errors.md?raw";
import { Closed, Lost, Refusal } from "../client/index.ts";
import { explain } from "./explain.ts";
import { isKey } from "./text.ts";

const names = [...table.matchAll(/^\| \d{5} \| `([a-z_.]+)` \|/gm)].map((row) => row[1] ?? "");

function refusal(name: string, message = "", retry = 0): Refusal {
  return new Refusal({ code: 40000, name, message, temporary: false, retry_after_ms: retry, field: null });
}

describe("explain", () => {
  it("has words for every error there is", () => {
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !isKey(`error.${name}`))).toEqual([]);
  });

  it("says how long to wait", () => expect(explain(refusal("rate.limited", "", 4200))).toContain("5 s"));

  it("lets the server say which input it does not take", () => {
    expect(explain(refusal("field.invalid", "name must have 1 to 64 characters."))).toContain("64 characters");
  });

  it("shows what it does not know as the server put it", () => {
    expect(explain(refusal("later.invention", "No bananas."))).toBe("No bananas.");
  });

  it("tells a lost connection from a refusal", () => {
    expect(explain(new Lost())).toBe(explain(new Closed()));
    expect(explain(new TypeError("x"))).toContain("TypeError");
  });
});
