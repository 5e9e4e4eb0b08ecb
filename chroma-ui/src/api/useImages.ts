import { useEffect, useRef, useState } from "react";
import { fetchFromServer } from "./http";

type Images = ReadonlyMap<string, string | null>;

/** An address of these bytes within the page; null where the server has no such image. */
async function fetchImage(address: string, signal: AbortSignal): Promise<string | null> {
  const response = await fetchFromServer(new URL(address, document.baseURI), { signal });
  return response.ok ? URL.createObjectURL(await response.blob()) : null;
}

function release(images: Iterable<string | null>): void {
  for (const url of images) if (url !== null) URL.revokeObjectURL(url);
}

/**
 * Images of the server by address, as addresses for `src` and `url()`: the browser's own requests for images cannot show
 * the session. One that is not there yet is missing, one that the server does not have is null.
 */
export function useImages(addresses: readonly string[]): Images {
  const held = useRef(new Map<string, string | null>());
  const [images, setImages] = useState<Images>(new Map());
  const wanted = [...new Set(addresses)].join("\n");

  useEffect(() => {
    const controller = new AbortController();
    const names = wanted === "" ? [] : wanted.split("\n");
    for (const [address, url] of held.current) {
      if (names.includes(address)) continue;
      release([url]);
      held.current.delete(address);
    }
    for (const address of names) {
      if (held.current.has(address)) continue;
      fetchImage(address, controller.signal)
        .catch(() => null)
        .then((url) => {
          if (controller.signal.aborted) return release([url]);
          held.current.set(address, url);
          setImages(new Map(held.current));
        });
    }
    return () => controller.abort();
  }, [wanted]);

  useEffect(
    () => () => {
      release(held.current.values());
      held.current.clear();
    },
    [],
  );
  return images;
}
