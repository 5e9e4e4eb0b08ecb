import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useConnection } from "../state/connection";
import { useImages } from "./useImages";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  useConnection.setState({ status: "ok", returns: 0 });
});

it("asks again for what a server that was away did not send", async () => {
  let answer = async () => new Response(null, { status: 503 });
  vi.stubGlobal("fetch", () => answer());
  const { result, rerender } = renderHook(({ names }) => useImages(names), {
    initialProps: { names: ["image/1"] },
  });
  await waitFor(() => expect(useConnection.getState().status).toBe("down"));
  answer = () => Promise.reject(new TypeError("network"));
  rerender({ names: ["image/1", "image/2"] });
  expect(result.current.size).toBe(0);
  answer = async () => new Response("picture");
  rerender({ names: ["image/1", "image/2", "image/3"] });
  await waitFor(() => expect(result.current.size).toBe(3));
  expect([...result.current.values()]).not.toContain(null);
});

it("is told what the server does not have", async () => {
  vi.stubGlobal("fetch", async () => new Response(null, { status: 404 }));
  const { result } = renderHook(() => useImages(["image/1"]));
  await waitFor(() => expect(result.current.get("image/1")).toBeNull());
});

it("waits for the server without another wish of the page", async () => {
  let up = false;
  vi.stubGlobal("fetch", async () => new Response("picture", { status: up ? 200 : 503 }));
  const { result } = renderHook(() => useImages(["image/1"]));
  await waitFor(() => expect(useConnection.getState().status).toBe("down"));
  up = true;
  useConnection.setState({ status: "ok", returns: 1 });
  await waitFor(() => expect(result.current.get("image/1")).toMatch(/^blob:/));
});
