import { useEffect, useRef, useState } from "react";
import { useConnection } from "../state/connection";
import { fetchFromServer } from "./http";

type Images = ReadonlyMap<string, string | null>;

/** Answers after which the connection returns: they tell nothing of the image. */
const PASSING = new Set([401, 502, 503, 504]);

/** An address of these bytes within the page; null where the server has no such image. */
async function fetchImage(address: string, signal: AbortSignal): Promise<string | null> {
  const response = await fetchFromServer(new URL(address, document.baseURI), { signal });
  if (PASSING.has(response.status)) throw new Error(`the server answered ${response.status}`);
  return response.ok ? URL.createObjectURL(await response.blob()) : null;
}

function release(images: Iterable<string | null>): void {
  for (const url of images) if (url !== null) URL.revokeObjectURL(url);
}

/**
 * Images of the server by address, as addresses for `src` and `url()`: the browser's own requests for images cannot show
 * the session. One that is not there yet is missing, one that the server does not have is null. What a server that was
 * away did not send is asked for again once it is back.
 */
export function useImages(addresses: readonly string[]): Images {
  const held = useRef(new Map<string, string | null>());
  const [images, setImages] = useState<Images>(new Map());
  const returns = useConnection((connection) => connection.returns);
  const wanted = [...new Set(addresses)].join("\n");

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the server is back
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
      fetchImage(address, controller.signal).then(
        (url) => {
          if (controller.signal.aborted) return release([url]);
          held.current.set(address, url);
          setImages(new Map(held.current));
        },
        () => undefined, // the page says that the server is away
      );
    }
    return () => controller.abort();
  }, [wanted, returns]);

  useEffect(
    () => () => {
      release(held.current.values());
      held.current.clear();
    },
    [],
  );
  return images;
}
