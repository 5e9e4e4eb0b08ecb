import { cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSocket } from "graphql-ws";
import { Client } from "urql";
import { reportDown } from "../state/connection";
import { fetchFromServer } from "./http";

function socketAddress(): string {
  const address = new URL("graphql", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

/** The GraphQL client; every address is relative to the page, so that a proxy prefix does not matter. */
export function createGraphqlClient(): Client {
  const socket = createSocket({
    url: socketAddress,
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
  return new Client({
    url: new URL("graphql", document.baseURI).href,
    fetch: fetchFromServer,
    preferGetMethod: false,
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (operation) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query: operation.query ?? "", variables: operation.variables },
              sink,
            ),
          }),
        }),
      }),
    ],
  });
}
