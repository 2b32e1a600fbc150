import { useEffect, useState } from "preact/hooks";
import { serverNow } from "../api.ts";

/** The server's time, renewed every second while somebody counts. */
export function useNow(counts: boolean): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    if (!counts) return undefined;
    setNow(serverNow());
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, [counts]);
  return now;
}
