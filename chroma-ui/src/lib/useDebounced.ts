import { useEffect, useState } from "react";

/** The value once it has not changed for `ms`; null clears it at once. */
export function useDebounced<T>(value: T | null, ms: number): T | null {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    if (value === null) {
      setSettled(null);
      return;
    }
    const timer = window.setTimeout(() => setSettled(value), ms);
    return () => window.clearTimeout(timer);
  }, [value, ms]);
  return value === null ? null : settled;
}
