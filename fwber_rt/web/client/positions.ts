/**
 * Where this client stands in each stream it hears: what makes resume exact and duplicates invisible.
 *
 * A position moves only when a push has been handed over, never by an ack or by the head a reply tells: what lies between would
 * be skipped by the next resume. Offsets are comparable only within an epoch, so a stream whose epoch is not known (heard before
 * any reply named it) is never offered for resume.
 */
import { isRecord } from "./errors.ts";
import type { StreamAt, StreamPosition, StreamState } from "./schema.ts";

export type Announced = { t: "stream.lost"; s: string; d: StreamAt } | { t: "stream.left"; s: string; d: Record<string, never> };

interface Place {
  epoch: string | null;
  o: number;
}

export class Positions {
  duplicates = 0;
  #places = new Map<string, Place>();
  /** The epochs of rooms that others put me out of, over this connection. */
  readonly #left = new Map<string, string>();

  /** Note a push with an offset; false when it is a duplicate to be dropped. */
  hear(s: string, o: number): boolean {
    const place = this.#places.get(s);
    if (place && o <= place.o) {
      this.duplicates += 1;
      return false;
    }
    this.#places.set(s, { epoch: place?.epoch ?? null, o });
    return true;
  }

  /** Where a stream stands, null when it is not heard. */
  at(s: string): { epoch: string | null; o: number } | null {
    return this.#places.get(s) ?? null;
  }

  get streams(): string[] {
    return [...this.#places.keys()];
  }

  /** The `streams` of `connect`'s `resume`; also what is kept over a reload. */
  resumable(): Record<string, StreamAt> {
    const known: Record<string, StreamAt> = {};
    for (const [s, { epoch, o }] of this.#places) if (epoch !== null) known[s] = { epoch, o };
    return known;
  }

  /** Go on from what `resumable` said before a reload. */
  restore(known: Record<string, StreamAt>): void {
    this.#places = new Map(Object.entries(known).map(([s, { epoch, o }]) => [s, { epoch, o }]));
  }

  /**
   * Take over what the reply to `connect` lists; returns what to announce.
   * A recovered stream keeps its old offset: its missed pushes follow and move it.
   */
  connect(streams: Record<string, StreamState>): Announced[] {
    const before = this.#places;
    this.#places = new Map();
    this.#left.clear();
    const said: Announced[] = [];
    for (const s of before.keys()) if (!(s in streams)) said.push({ t: "stream.left", s, d: {} });
    for (const [s, { epoch, o, recovered }] of Object.entries(streams)) {
      const old = before.get(s);
      const whole = old !== undefined && old.epoch !== null && recovered === true;
      if (old && !whole) said.push({ t: "stream.lost", s, d: { epoch, o } });
      this.#places.set(s, { epoch, o: whole ? old.o : o });
    }
    return said;
  }

  /** Hear `s` from after `o` on. Within one epoch the own position stands: pushes up to `o` may still be on their way. */
  enter(s: string, epoch: string, o: number): void {
    const known = this.#places.get(s);
    if (!known || (known.epoch !== null && known.epoch !== epoch)) this.#places.set(s, { epoch, o });
    else this.#places.set(s, { epoch, o: known.epoch === null ? Math.max(known.o, o) : known.o });
  }

  /** Hear `s` no longer. */
  leave(s: string): void {
    this.#places.delete(s);
  }

  /** The push at `o` of a room says that I am in it, or no more. A replay may tell of both, so the epoch is kept for coming back. */
  member(s: string, o: number, here: boolean): void {
    if (here) {
      const epoch = this.#left.get(s);
      if (epoch !== undefined) this.#places.set(s, { epoch, o });
      this.#left.delete(s);
    } else {
      const epoch = this.#places.get(s)?.epoch ?? null;
      if (epoch !== null) this.#left.set(s, epoch);
      this.leave(s);
    }
  }

  /** Follow what the reply `ok` to `op` with payload `d` changed of what is heard; `streams` is the push of that name. */
  learn(op: string, d: unknown, ok: unknown): void {
    if (!isRecord(ok)) return;
    if (op === "location.update" || op === "location.clear" || op === "streams") {
      for (const { s, epoch, o } of (ok.entered ?? []) as StreamPosition[]) this.enter(s, epoch, o);
      for (const s of (ok.left ?? []) as string[]) this.leave(s);
    } else if (op === "room.join" || op === "room.create" || op === "room.invitation.accept") {
      if (typeof ok.s === "string" && typeof ok.epoch === "string" && typeof ok.o === "number") this.enter(ok.s, ok.epoch, ok.o);
    } else if ((op === "room.leave" || op === "room.delete") && isRecord(d)) {
      this.leave(`room:${String(d.room)}`);
    }
  }
}
