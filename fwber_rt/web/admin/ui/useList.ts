import { useEffect, useRef, useState } from "preact/hooks";
import { explain } from "../../app/explain.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | null | undefined;
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** Nothing was answered yet, or it is being asked again. */
  readonly busy: boolean;
  /** There may be more. */
  readonly more: boolean;
  readonly wrong: string | null;
  readonly fetchMore: () => Promise<void>;
  readonly again: () => void;
}

/** A list that comes in pages, from its beginning whenever `what` changes. An answer to what is no longer asked is dropped. */
export function useList<T>(what: string, load: (cursor: string) => Promise<Page<T>>): Listed<T> {
  const [state, setState] = useState<{ items: readonly T[]; next: string | null; busy: boolean; wrong: string | null }>({ items: [], next: null, busy: true, wrong: null });
  const [turn, setTurn] = useState(0);
  const asked = useRef(0);
  const fetch = async (cursor: string, before: readonly T[]): Promise<void> => {
    const mine = ++asked.current;
    setState((now) => ({ ...now, busy: true, wrong: null }));
    try {
      const { items, next } = await load(cursor);
      if (mine === asked.current) setState({ items: [...before, ...items], next: next ?? null, busy: false, wrong: null });
    } catch (error) {
      if (mine === asked.current) setState((now) => ({ ...now, busy: false, wrong: explain(error) }));
    }
  };
  useEffect(() => {
    void fetch("", []);
    return () => { asked.current += 1; };
  }, [what, turn]);
  return {
    items: state.items, busy: state.busy, more: state.next !== null, wrong: state.wrong,
    fetchMore: () => fetch(state.next ?? "", state.items), again: () => setTurn((now) => now + 1),
  };
}
