/** Images of the points in view, once the camera is near enough that few are. */
import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { SPRITES, SPRITES_A_ROW, spriteAddress } from "../api/bytes";
import { useImages } from "../api/useImages";
import type { Picture } from "../film/picture";
import { sampleAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { useDebounced } from "../lib/useDebounced";
import { placeX, placeY } from "../scatter/encode";
import type { Thumbnail } from "../scatter/overlay";
import type { Plot } from "../scatter/plot";
import type { ViewOfPlot } from "../scatter/viewpoint";
import { useView } from "../state/view";
import type { Views } from "./views";

/** Images are drawn from this zoom on, while at most so many points are in view. */
const NEAR = 2;
const MOST = 150;
const REST_MS = 120;
const NOTHING: number[] = [];

/** Pure: the points drawn in the visible part; none where they are too many, or the camera is far. */
export function pointsNear(picture: Picture, view: ViewOfPlot | null): number[] {
  if (!view || view.zoom < NEAR) return NOTHING;
  const { left, right, bottom, top } = view.seen;
  const { points, drawn } = picture.scene;
  const near: number[] = [];
  for (const i of drawn) {
    const x = placeX(points, i);
    if (x < left || x > right) continue;
    const y = placeY(points, i);
    if (y < bottom || y > top) continue;
    if (near.push(i) > MOST) return NOTHING;
  }
  return near;
}

/** The images at these addresses, once they are decoded. */
function useDecoded(urls: readonly string[]): ReadonlyMap<string, HTMLImageElement> {
  const [decoded, setDecoded] = useState<ReadonlyMap<string, HTMLImageElement>>(new Map());
  const wanted = [...new Set(urls)].join("\n");
  useEffect(() => {
    let current = true;
    const names = wanted === "" ? [] : wanted.split("\n");
    const read = names.map(async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      return [url, image] as const;
    });
    void Promise.allSettled(read).then((all) => {
      if (current)
        setDecoded(new Map(all.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []))));
    });
    return () => {
      current = false;
    };
  }, [wanted]);
  return decoded;
}

type Props = {
  plot: Plot;
  shown: ShownFrame;
  picture: Picture;
  split: { name: string; hasImages: boolean };
  views: Views;
};

/** Draws images over the points in view. A component of its own: a pan renders nothing else. */
export function Thumbnails({ plot, shown, picture, split, views }: Props) {
  const on = useView((view) => view.appearance.thumbnails) && split.hasImages;
  const view = useDebounced(
    useStore(views, ({ view }) => view),
    REST_MS,
  );
  const near = useMemo(() => (on ? pointsNear(picture, view) : NOTHING), [on, picture, view]);
  const { runId } = shown.film;
  const pages = useImages(near.map((index) => spriteAddress(runId, sampleAt(shown, index))));
  const images = useDecoded([...pages.values()].filter((url) => url !== null));

  useEffect(() => {
    const thumbnails = new Map<number, Thumbnail>();
    for (const index of near) {
      const sample = sampleAt(shown, index);
      const image = images.get(pages.get(spriteAddress(runId, sample)) ?? "");
      if (!image) continue;
      const side = image.naturalWidth / SPRITES_A_ROW;
      const tile = sample.position % SPRITES;
      thumbnails.set(index, {
        image,
        left: (tile % SPRITES_A_ROW) * side,
        top: Math.floor(tile / SPRITES_A_ROW) * side,
        side,
      });
    }
    plot.setThumbnails(thumbnails);
  }, [plot, near, shown, pages, images, runId]);
  return null;
}
