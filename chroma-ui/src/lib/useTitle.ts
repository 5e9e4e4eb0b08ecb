import { useEffect } from "react";

const NAME = "Chroma";

/** The title of the browser's tab: what is shown, from the particular to the general. */
export function useTitle(...parts: readonly (string | null | undefined)[]): void {
  const title = [parts.filter(Boolean).join(" · "), NAME].filter(Boolean).join(" – ");
  useEffect(() => {
    document.title = title;
    return () => {
      document.title = NAME;
    };
  }, [title]);
}
