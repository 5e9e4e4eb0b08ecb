import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keepSession, takeSession, withSession, withSessionProtocol } from "./session";

const shown = () => withSession().get("X-Chroma-Session");

function answer(status: number, body: unknown): string[] {
  const sent: string[] = [];
  vi.stubGlobal("fetch", async (address: URL, init: RequestInit) => {
    sent.push(`${init.method} ${address.pathname} ${new Headers(init.headers).get("X-Chroma-Session")}`);
    return new Response(JSON.stringify(body), { status });
  });
  return sent;
}

function arrive(address: string): void {
  window.history.replaceState(null, "", address);
  takeSession();
}

beforeEach(() => {
  window.localStorage.clear();
  window.sessionStorage.clear();
});
afterEach(() => vi.unstubAllGlobals());

it("takes the session of a link and clears it from the address", async () => {
  const sent = answer(200, { session: "second", renew: 3600 });
  arrive("/?run=a#session=first");
  expect(window.location.href).toMatch(/\/\?run=a$/);
  expect(shown()).toBe("first");
  await Promise.all([keepSession(), keepSession()]);
  await keepSession();
  expect(sent).toEqual(["POST /api/session first"]);
  expect(shown()).toBe("second");
  expect(withSessionProtocol("graphql")).toEqual(["graphql", "chroma-session.second"]);
});

it("renews it when its time has come", async () => {
  answer(200, { session: "second", renew: 0 });
  arrive("/#session=first");
  await keepSession();
  const sent = answer(200, { session: "third", renew: 3600 });
  await keepSession();
  expect(sent).toEqual(["POST /api/session second"]);
});

it("forgets a session that the server does not know, and only then", async () => {
  arrive("/#session=first");
  answer(503, {});
  await keepSession();
  expect(shown()).toBe("first");
  answer(403, {}); // the user is signed in at a proxy, and needs none
  await keepSession();
  expect(shown()).toBeNull();
  arrive("/#session=second");
  answer(401, {});
  await keepSession();
  expect(shown()).toBeNull();
  expect(withSessionProtocol("graphql")).toEqual(["graphql"]);
});

it("keeps the session of a link for the tab, and another's for all tabs", async () => {
  arrive("/#session=mine");
  arrive("/?run=a#tab-session=shown");
  expect(shown()).toBe("shown");
  answer(200, { session: "renewed", renew: 3600 });
  await keepSession();
  expect(shown()).toBe("renewed");
  window.sessionStorage.clear(); // as another tab has it
  expect(shown()).toBe("mine");
  arrive("/#tab-session=shown");
  arrive("/#session=newer");
  expect(shown()).toBe("newer");
});

it("needs no storage", async () => {
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new DOMException("denied", "SecurityError");
    },
  });
  arrive("/#session=first");
  expect(shown()).toBe("first");
});
