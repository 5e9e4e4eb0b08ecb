import { useEffect, useRef, useState } from "react";
import { fileOf } from "../film/fileOf";
import { bytes } from "../lib/format";
import { saveFile } from "../lib/saveFile";
import { notify } from "../state/notices";
import type { FilmOrder } from "./film";
import { FILM_FORMATS, type FilmFormat } from "./formats";

/** A film that is being made: frames that are done, of how many. */
export type FilmJob = { format: FilmFormat; at: number; of: number };

/** Makes films in the page, one at a time; leaving the page's film, or `cancel`, ends it. */
export function useFilmJob() {
  const [job, setJob] = useState<FilmJob | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const make = async (format: FilmFormat, order: FilmOrder): Promise<void> => {
    if (running.current) return;
    const controller = new AbortController();
    running.current = controller;
    setJob({ format, at: 0, of: order.shown.revision.frames.length });
    const title = FILM_FORMATS.find(({ name }) => name === format)?.title ?? "Film";
    try {
      const { encodeFilm } = await import("./encode");
      const film = await encodeFilm(
        format,
        order,
        ({ at, of }) => setJob((now) => (now?.at === at ? now : { format, at, of })),
        controller.signal,
      );
      saveFile(film, fileOf(order.shown, "film", format, true));
      notify(`${title} saved: ${bytes(film.size)}.`);
    } catch (error) {
      if (controller.signal.aborted) notify("The film was not saved: it was cancelled.");
      else notify(`The film was not saved: ${error instanceof Error ? error.message : String(error)}.`);
    } finally {
      running.current = null;
      setJob(null);
    }
  };
  return { job, make, cancel: () => running.current?.abort() };
}
