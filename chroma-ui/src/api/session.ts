/**
 * The page's session with the server, which stands for the token. It is kept in the browser's storage, which belongs to
 * this origin with its port, and sent as a header. A cookie would reach every server on this machine.
 */

type Session = { value: string; renewAt: number };

const HEADER = "X-Chroma-Session";
const PROTOCOL = "chroma-session.";
// Below a proxy several dashboards share an origin.
const KEY = `chroma-session ${new URL(".", document.baseURI).pathname}`;

let unstored: Session | null = null;
let renewing: Promise<void> | null = null;

function read(): Session | null {
  try {
    // A link's session is of this tab alone: the others go on with what they may see.
    const text = window.sessionStorage.getItem(KEY) ?? window.localStorage.getItem(KEY);
    return text === null ? unstored : (JSON.parse(text) as Session);
  } catch {
    return unstored; // a frame to which the browser gives no storage
  }
}

function write(session: Session | null, ofTab?: boolean): void {
  unstored = session;
  try {
    const place =
      (ofTab ?? window.sessionStorage.getItem(KEY) !== null) ? window.sessionStorage : window.localStorage;
    if (session) place.setItem(KEY, JSON.stringify(session));
    else place.removeItem(KEY);
  } catch {
    // It lasts as long as the page.
  }
}

/** Takes the session from the address of a link, and clears it from there. */
export function takeSession(): void {
  const { hash, pathname, search } = window.location;
  const given = new URLSearchParams(hash.slice(1));
  const ofTab = given.has("tab-session");
  const value = given.get("tab-session") ?? given.get("session");
  if (value === null) return;
  if (!ofTab) write(null, true);
  write({ value, renewAt: 0 }, ofTab);
  window.history.replaceState(window.history.state, "", `${pathname}${search}`);
}

/** Renews the session if its time has come; must not reject. */
export async function keepSession(): Promise<void> {
  const session = read();
  if (!session || session.renewAt > Date.now()) return;
  renewing ??= renew(session.value).finally(() => {
    renewing = null;
  });
  await renewing;
}

async function renew(value: string): Promise<void> {
  try {
    const address = new URL("api/session", document.baseURI);
    const response = await fetch(address, { method: "POST", headers: { [HEADER]: value } });
    // 403: it has ended, and the user is signed in at a proxy
    if ((response.status === 401 || response.status === 403) && read()?.value === value) write(null);
    if (!response.ok) return;
    const answer = (await response.json()) as { session: string; renew: number };
    write({ value: answer.session, renewAt: Date.now() + 1000 * answer.renew });
  } catch {
    // The request that follows meets the same server, and says what is wrong.
  }
}

/** These headers, and the one that shows the session. */
export function withSession(given?: HeadersInit): Headers {
  const headers = new Headers(given);
  const session = read();
  if (session) headers.set(HEADER, session.value);
  return headers;
}

/** The protocols of a socket; one of them shows the session, as sockets have no headers. */
export function withSessionProtocol(protocol: string): string[] {
  const session = read();
  return session ? [protocol, `${PROTOCOL}${session.value}`] : [protocol];
}
