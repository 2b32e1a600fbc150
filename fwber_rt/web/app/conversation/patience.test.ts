import { expect, test } from "vitest";
import { Lost, Refusal } from "../../client/index.ts";
import { patiently } from "./patience.ts";

const refusal = (name: "rate.limited" | "forbidden", ms: number): Refusal => new Refusal({ code: 42911, name, message: "", temporary: true, retry_after_ms: ms, field: null });

async function asked(times: number, error: Error): Promise<{ waits: number[]; got: unknown }> {
  const waits: number[] = [];
  const ask = async (): Promise<string> => {
    if (waits.length >= times) return "page";
    throw error;
  };
  const got = await patiently(ask, async (ms) => void waits.push(ms)).catch((thrown: unknown) => thrown);
  return { waits, got };
}

test("too fast is asked again when it may be", async () => expect(await asked(2, refusal("rate.limited", 300))).toEqual({ waits: [300, 300], got: "page" }));

test("but not for ever, and not when it would take long", async () => {
  const [fast, slow] = [refusal("rate.limited", 300), refusal("rate.limited", 60_000)];
  expect(await asked(100, fast)).toEqual({ waits: [300, 300, 300, 300, 300], got: fast });
  expect(await asked(1, slow)).toEqual({ waits: [], got: slow });
});

test("nothing else is asked again", async () => {
  for (const error of [refusal("forbidden", 0), new Lost()]) expect(await asked(1, error)).toEqual({ waits: [], got: error });
});
