import { type Client, createClient } from "graphql-ws";
import { reportDown } from "../state/connection";
import { keepSession, withSessionProtocol } from "./session";

class SessionSocket extends WebSocket {
  constructor(address: string | URL, protocol: string) {
    super(address, withSessionProtocol(protocol));
  }
}

async function socketAddress(): Promise<string> {
  await keepSession();
  const address = new URL("graphql", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

/** The socket for subscriptions; it connects again for ever. */
export function createSocket(): Client {
  return createClient({
    url: socketAddress,
    webSocketImpl: SessionSocket,
    lazy: true,
    keepAlive: 20_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: (retries) =>
      new Promise((resolve) => window.setTimeout(resolve, Math.min(5_000, 500 * 2 ** retries))),
    on: {
      closed: (event) => {
        const wasClean = event instanceof CloseEvent && event.code === 1000;
        if (!wasClean) reportDown();
      },
    },
  });
}
