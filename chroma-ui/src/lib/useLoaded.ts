import { useEffect, useState } from "react";

/** What `load` resolves to; null after a failure. The previous value stays until the next arrives. Memoise `load`. */
export function useLoaded<T>(load: () => Promise<T>): T | null {
  const [loaded, setLoaded] = useState<T | null>(null);
  useEffect(() => {
    let current = true;
    load().then(
      (answer) => current && setLoaded(answer),
      () => current && setLoaded(null),
    );
    return () => {
      current = false;
    };
  }, [load]);
  return loaded;
}
