/** The files that a film can become, and whether this page can make them. */
export const FILM_FORMATS = [
  { name: "mp4", title: "Film, MP4", about: "for slides and messages" },
  { name: "webm", title: "Film, WebM", about: "for web pages" },
  { name: "gif", title: "Film, GIF", about: "plays anywhere; fewer colours" },
] as const;
export type FilmFormat = (typeof FILM_FORMATS)[number]["name"];

/** Why a film cannot be made; null where it can. */
export function refusalOf(format: FilmFormat, frames: number, hasBox: boolean): string | null {
  if (frames < 2) return "a film needs two frames";
  if (!hasBox) return "the film is still loading";
  if (format !== "gif" && !("VideoEncoder" in window))
    return "browsers encode video only on pages from https or from this machine";
  return null;
}
