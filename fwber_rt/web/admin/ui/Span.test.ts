import { expect, it } from "vitest";
import { endOf } from "./Span.tsx";

it("ends after what was chosen, or never, and what is not offered is a day", () => {
  expect(endOf({ span: "hour" }, 1000)).toBe(3_601_000);
  expect(endOf({ span: "month" }, 0)).toBe(30 * 86_400_000);
  expect(endOf({ span: "never" }, 1000)).toBeNull();
  expect(endOf({ span: "toString" }, 0)).toBe(86_400_000);
  expect(endOf({}, 0)).toBe(86_400_000);
});
