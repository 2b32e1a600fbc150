import { expect, it } from "vitest";
import { corners } from "./Spark.tsx";

it("rises from 0 at the bottom to the largest value at the top, oldest at the left", () => {
  expect(corners([0, 2, 4])).toBe("0.0,26.0 60.0,14.0 120.0,2.0");
});

it("is flat at the bottom while nothing happens", () => {
  expect(corners([0, 0])).toBe("0.0,26.0 120.0,26.0");
});
