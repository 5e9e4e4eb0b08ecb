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
  const stranger = response.status === 403 ? await strangerOf(response.clone()) : null;
  if (response.status === 401 || stranger) reportUnauthorised(stranger);
  else if (response.status === 502 || response.status === 503 || response.status === 504) reportDown();
  else reportUp();
  return response;
};

/** What the server tells a user who is a member of no project; null where it refuses something else. */
async function strangerOf(response: Response): Promise<string | null> {
  const { code, detail } = await response.json().catch(() => ({}));
  return code === "NoMemberError" ? detail : null;
}

/** Requests the server's health regularly; returns a function that stops it. */
export function watchHealth(everyMs: number): () => void {
  const timer = window.setInterval(() => {
    void fetchFromServer(new URL("api/health", document.baseURI)).catch(() => undefined);
  }, everyMs);
  return () => window.clearInterval(timer);
}
