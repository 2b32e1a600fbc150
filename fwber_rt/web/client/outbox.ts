import type { Refusal } from "./errors.ts";
import type { Sent } from "./schema.ts";

/** `sending`: on its way, or waiting for a connection. `stored`: the server has it for good. `failed`: refused, see `refusal`. */
export type Delivery = "sending" | "stored" | "failed";

/** A message of mine. The same object stays the same message: `nonce` names it for ever. */
export interface Outgoing {
  readonly nonce: string;
  /** A room's id; null: to whoever hears my hexagon. */
  readonly room: string | null;
  readonly text: string;
  readonly reply_to: string | null;
  /** When it was written, by the server's clock. */
  readonly at: number;
  readonly delivery: Delivery;
  /** Why it failed. */
  readonly refusal: Refusal | null;
  /** Its place once it is stored. */
  readonly sent: Sent | null;
}
