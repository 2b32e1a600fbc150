import { describe, expect, it } from "vitest";
import { Closed, Lost } from "../../client/index.ts";
import { banner, type Facts } from "./banner.ts";

const NOW = new Date(2026, 4, 4, 12, 0).getTime();
const MIN = 60_000;

function facts(over: Partial<Facts>): Facts {
  return { link: { state: "open", why: null, retryAt: null }, lostAt: null, online: true, now: NOW, skewMs: 0, endsAt: null, ...over };
}
const resuming = { state: "resuming", why: new Lost(), retryAt: 5000 } as const;

describe("banner", () => {
  it("says nothing while all is well, nor of a loss that is over at once", () => {
    expect(banner(facts({}))).toBeNull();
    expect(banner(facts({ link: resuming, lostAt: NOW - 300 }))).toBeNull();
  });

  it("says since when there is no connection, and offers to try now", () => {
    const shown = banner(facts({ link: resuming, lostAt: NOW - 3 * MIN }));
    expect(shown?.text).toMatch(/11:57/);
    expect(shown?.action).toBe("now");
  });

  it("says it when the server has been gone for an hour", () => {
    expect(banner(facts({ link: resuming, lostAt: NOW - 60 * MIN }))).toMatchObject({ look: "bad", text: expect.stringContaining("1 hour") });
  });

  it("blames the device when that is offline", () => {
    expect(banner(facts({ link: resuming, lostAt: NOW - 3 * MIN, online: false }))).toMatchObject({ action: null, text: expect.stringContaining("offline") });
  });

  it("lets a second window take the connection over", () => {
    expect(banner(facts({ link: { state: "closed", why: new Closed(4011), retryAt: null } }))?.action).toBe("here");
  });

  it("asks for a new page when the server does not understand this one", () => {
    expect(banner(facts({ link: { state: "closed", why: new Closed(4001), retryAt: null } }))?.action).toBe("reload");
  });

  it("warns a guest on the last day, by the server's clock", () => {
    expect(banner(facts({ endsAt: NOW + 40 * MIN }))).toMatchObject({ action: "keep", text: expect.stringContaining("40 min") });
    expect(banner(facts({ endsAt: NOW + 30 * 24 * 60 * MIN }))).toBeNull();
    expect(banner(facts({ endsAt: NOW + 25 * 60 * MIN, skewMs: 2 * 60 * MIN }))?.action).toBe("keep");
  });

  it("says how far this device's clock is off", () => {
    expect(banner(facts({ skewMs: -2 * 60 * MIN }))?.text).toContain("2 h");
    expect(banner(facts({ skewMs: 20_000 }))).toBeNull();
  });
});
