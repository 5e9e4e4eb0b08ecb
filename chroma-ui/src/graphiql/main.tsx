/** The page at `/graphql`: GraphiQL from our own server. */
import "graphiql/style.css";
import "./page.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { fetchFromServer } from "../api/http";
import { takeSession } from "../api/session";
import { createSocket } from "../api/socket";

takeSession();
const root = document.getElementById("root");
if (!root) throw new Error("The page has no element #root: rebuild the dashboard with `npm run build`.");
const fetcher = createGraphiQLFetcher({
  url: new URL("graphql", document.baseURI).href,
  fetch: fetchFromServer,
  wsClient: createSocket(),
});
createRoot(root).render(<GraphiQL fetcher={fetcher} />);
