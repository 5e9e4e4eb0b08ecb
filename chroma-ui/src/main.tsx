import "@fontsource-variable/inter/wght.css";
import "./ui/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { takeSession } from "./api/session";

takeSession();

const root = document.getElementById("root");
if (!root) throw new Error("The page has no element #root: rebuild the dashboard with `npm run build`.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
