/** Requests on their way: which await a reply, which may be asked again after a loss, and how they look on the wire. */
import { Lost, Refusal, write } from "./errors.ts";
import { CLOSE, ROUTES } from "./schema.ts";

/** Setting the same thing twice is setting it once. */
const OVERWRITES: ReadonlySet<string> = new Set([
  "account.update", "location.update", "location.clear", "location.precision", "read.mark", "report.create", "room.ban",
  "room.join", "room.mute", "room.role.set", "token", "user.block", "user.mute", "user.unblock", "user.unmute",
]);

/** Operations whose replies change what is heard (see Positions.learn): followed even when nobody waits for them any more. */
const FOLLOWED: ReadonlySet<string> = new Set([
  "location.update", "location.clear", "room.create", "room.join", "room.invitation.accept", "room.leave", "room.delete",
]);

/** Whether asking twice does what asking once does. */
export function repeatable(op: string, d: object): boolean {
  const route = (ROUTES as Record<string, string | undefined>)[op];
  return route?.startsWith("GET ") === true || OVERWRITES.has(op) || "nonce" in d;
}

export interface Call {
  readonly id: number;
  readonly op: string;
  readonly d: object;
  readonly repeatable: boolean;
  /** On the connection there is. */
  sent: boolean;
  /** It was sent on a connection that broke, so it may have been carried out. */
  doubtful: boolean;
  settle(result: { ok: unknown } | { error: Error }): void;
}

/** As it stands on the wire. */
export function encode(call: Call): string {
  const d = call.doubtful && "nonce" in call.d ? { ...call.d, retry: true } : call.d;
  return write({ id: call.id, op: call.op, d });
}

/** All requests without a reply, in the order they were made. `repeated`: how many were sent again after a loss. */
export class Calls {
  repeated = 0;
  #calls = new Map<number, Call>();
  #abandoned = new Map<number, Call>();
  #next = 1;

  add(op: string, d: object, repeatable: boolean, settle: Call["settle"]): Call {
    const call: Call = { id: this.#next++, op, d, repeatable, sent: false, doubtful: false, settle };
    this.#calls.set(call.id, call);
    return call;
  }

  /** The id of the next one; those before have smaller ones. */
  get next(): number {
    return this.#next;
  }

  /** Nobody waits for it any more. */
  discard(call: Call): void {
    if (this.#calls.delete(call.id) && call.sent && FOLLOWED.has(call.op)) this.#abandoned.set(call.id, call);
  }

  /** Everything waiting for `op` is overtaken by what came after: it fails, and goes out with no other connection. */
  overtake(op: string, error: Error): void {
    for (const call of [...this.#calls.values()]) {
      if (call.op !== op) continue;
      this.discard(call);
      call.settle({ error });
    }
  }

  /**
   * The call a reply belongs to, which is then no longer here; null when the reply concerns nobody.
   * One refused because the server is stopping is kept, unsent, for the next connection if it may be repeated.
   */
  answer(id: number, refusal: Refusal | null): Call | null {
    const call = this.#calls.get(id) ?? this.#abandoned.get(id) ?? null;
    if (call && refusal?.name === "draining" && call.repeatable && this.#calls.has(id)) {
      call.sent = false;
      return null;
    }
    this.#calls.delete(id);
    this.#abandoned.delete(id);
    return call;
  }

  /** What the next connection has to send, oldest first. */
  unsent(): Call[] {
    return [...this.#calls.values()].filter((call) => !call.sent);
  }

  /**
   * The connection ended: what was sent and may not be repeated fails, the rest waits for the next.
   * After 1009 nothing is repeated: one of these requests or its reply is too large, and would be again.
   */
  lose(code: number, reason: string): void {
    this.#abandoned.clear();
    for (const call of this.#calls.values()) {
      if (!call.sent) continue;
      if (call.repeatable && code !== CLOSE.TOO_BIG) {
        call.sent = false;
        call.doubtful = true;
        this.repeated += 1;
      } else {
        this.#calls.delete(call.id);
        call.settle({ error: new Lost(code, reason) });
      }
    }
  }

  /** Nothing will be answered any more. */
  end(error: Error): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.settle({ error });
  }
}
