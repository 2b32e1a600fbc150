import { describe, expect, it } from "vitest";
import { sha256 } from "./sha256.ts";

async function theBrowsers(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("sha256", () => {
  it("is the standard's for its example", () => {
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("is the browser's, for every length around a block", async () => {
    for (let length = 0; length < 140; length += 1) {
      const text = "ä".repeat(length % 7) + "x".repeat(length);
      expect(sha256(text)).toBe(await theBrowsers(text));
    }
  });
});
