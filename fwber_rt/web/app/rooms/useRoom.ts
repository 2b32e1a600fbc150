/** One room as somebody looks at it. */
import { useEffect, useState } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { link } from "../api.ts";
import { found, mine } from "../state/rooms.ts";
import { learnRoom } from "./belonging.ts";

export interface Looked {
  /** Null: not known yet, or there is none. */
  readonly room: RoomView | null;
  readonly error: unknown;
  readonly again: () => Promise<void>;
}

/** Known at once when it is one of mine or was found; asked for in any case, and again with each connection. */
export function useRoom(id: string): Looked {
  const [got, setGot] = useState<RoomView | null>(null);
  const [error, setError] = useState<unknown>(null);
  const again = async (): Promise<void> => {
    try {
      setGot(await learnRoom(id));
      setError(null);
    } catch (why) {
      setError(why);
    }
  };
  const open = link.value.state === "open";
  useEffect(() => { if (open) void again(); }, [id, open]);
  const room = mine.value.get(id) ?? (got?.room === id ? got : null) ?? found.value.get(id) ?? null;
  return { room, error, again };
}
