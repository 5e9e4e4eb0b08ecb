import { cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { Client } from "urql";
import { fetchFromServer } from "./http";
import { createSocket } from "./socket";

/** The GraphQL client; every address is relative to the page, so that a proxy prefix does not matter. */
export function createGraphqlClient(): Client {
  const socket = createSocket();
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
