/** My account as the server keeps it; null until it has told. */
import { signal } from "@preact/signals";
import type { Account } from "../../client/index.ts";

export const account = signal<Account | null>(null);
