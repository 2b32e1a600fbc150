import { describe, expect, it } from "vitest";
import { cut } from "./words.ts";

const links = (text: string): string[] => cut(text).flatMap(({ href }) => href ?? []);

describe("cut", () => {
  it("keeps every character", () => {
    for (const text of ["", "plain", "see https://a.example/x, ok", "https://a.example https://b.example"]) {
      expect(cut(text).map((piece) => piece.text).join("")).toBe(text);
    }
  });

  it("finds addresses, without the sentence around them", () => {
    expect(links("see https://a.example/x. (Or http://b.example/y)!")).toEqual(["https://a.example/x", "http://b.example/y"]);
    expect(links("https://a.example/page_(one)")).toEqual(["https://a.example/page_(one)"]);
  });

  it.each([
    "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.example", "https://user:pass@a.example/", "https://",
    "https://аpple.com/", "https://xn--pple-43d.com/", "https://a.example\u202egnp.exe", "<a href=x>y</a>", `https://a.example/${"x".repeat(3000)}`,
  ])("makes no link of %j, or of what hides where it leads", (text) => {
    expect(links(text).filter((href) => href !== "https://a.example")).toEqual([]);
  });
});
