import { useEffect, useState } from "react";

/**
 * What `load` resolves to; null until it has, and after a failure. With `keep` the answer of the `load` before stays
 * until then: for pictures only, as numbers would be taken for those of what is shown now. Memoise `load`.
 */
export function useLoaded<T>(load: () => Promise<T>, keep = false): T | null {
  const [loaded, setLoaded] = useState<{ by: () => Promise<T>; value: T | null } | null>(null);
  useEffect(() => {
    let current = true;
    const set = (value: T | null) => current && setLoaded({ by: load, value });
    load().then(set, () => set(null));
    return () => {
      current = false;
    };
  }, [load]);
  return keep || loaded?.by === load ? (loaded?.value ?? null) : null;
}
