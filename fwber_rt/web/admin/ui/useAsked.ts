import { useEffect, useRef, useState } from "preact/hooks";
import { explain } from "../../app/explain.ts";

export interface Asked<T> {
  readonly value: T | null;
  readonly wrong: string | null;
  readonly again: () => Promise<void>;
}

/** One answer, asked for whenever `what` changes; the last one stays while it is asked again. */
export function useAsked<T>(what: string, load: () => Promise<T>): Asked<T> {
  const [state, setState] = useState<{ what: string; value: T | null; wrong: string | null }>({ what, value: null, wrong: null });
  const asked = useRef(0);
  const again = async (): Promise<void> => {
    const mine = ++asked.current;
    try {
      const value = await load();
      if (mine === asked.current) setState({ what, value, wrong: null });
    } catch (error) {
      if (mine === asked.current) setState((now) => ({ what, value: now.what === what ? now.value : null, wrong: explain(error) }));
    }
  };
  useEffect(() => {
    void again();
    return () => { asked.current += 1; };
  }, [what]);
  return state.what === what ? { value: state.value, wrong: state.wrong, again } : { value: null, wrong: null, again };
}
