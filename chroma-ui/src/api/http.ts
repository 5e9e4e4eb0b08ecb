import { reportDown, reportUnauthorised, reportUp } from "../state/connection";
import { keepSession, withSession } from "./session";

/** `fetch` from our own server with the page's session; updates the connection state. */
export const fetchFromServer: typeof fetch = async (input, init) => {
  let response: Response;
  try {
    await keepSession();
    response = await fetch(input, {
      ...init,
      headers: withSession(init?.headers),
      credentials: "same-origin", // a proxy in front of us may need its cookies
    });
  } catch (error) {
    const aborted = error instanceof DOMException && error.name === "AbortError";
    if (!aborted) reportDown();
    throw error;
  }
  if (response.status === 401) reportUnauthorised();
  else if (response.status === 502 || response.status === 503 || response.status === 504) reportDown();
  else reportUp();
  return response;
};

/** Requests the server's health regularly; returns a function that stops it. */
export function watchHealth(everyMs: number): () => void {
  const timer = window.setInterval(() => {
    void fetchFromServer(new URL("api/health", document.baseURI)).catch(() => undefined);
  }, everyMs);
  return () => window.clearInterval(timer);
}
