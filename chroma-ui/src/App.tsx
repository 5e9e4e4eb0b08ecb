import { Tooltip } from "radix-ui";
import { useEffect, useState } from "react";
import { Provider } from "urql";
import styles from "./App.module.css";
import { createGraphqlClient } from "./api/client";
import { watchHealth } from "./api/http";
import { useShade, useThemeOnPage } from "./lib/useTheme";
import { Unauthorised } from "./runs/States";
import { useConnection } from "./state/connection";
import { mirrorToAddress } from "./state/history";
import { usePreferences } from "./state/preferences";
import { recordSteps } from "./state/recordSteps";
import { useView } from "./state/view";
import { lazily } from "./ui/lazily";
import { Notices } from "./ui/Notices";
import { useUndoKeys } from "./workspace/UndoButtons";
import { Workspace } from "./workspace/Workspace";

// what most pages never show is loaded with it
const Compare = lazily(() => import("./compare/Compare"));
const Home = lazily(() => import("./home/Home"));
const Tour = lazily(() => import("./start/Tour"), { quiet: true });

const HEALTH_MS = 2_000;

export function App() {
  const [client] = useState(createGraphqlClient);
  const home = useView((view) => view.home);
  const comparing = useView((view) => view.panes.length > 0);
  const unauthorised = useConnection(({ status }) => status === "unauthorised");
  const toured = usePreferences((preferences) => preferences.toured);
  useThemeOnPage(useShade());
  useEffect(mirrorToAddress, []);
  useEffect(recordSteps, []);
  useUndoKeys();
  return (
    <Provider value={client}>
      <Tooltip.Provider delayDuration={350} skipDelayDuration={200}>
        <div className={styles.app}>
          <Banner />
          {/* the workspace says so beside what it has loaded */}
          {unauthorised && (home || comparing) ? (
            <Unauthorised />
          ) : home ? (
            <Home />
          ) : comparing ? (
            <Compare />
          ) : (
            <Workspace />
          )}
        </div>
        {home || comparing || toured ? null : <Tour />}
        <Notices />
      </Tooltip.Provider>
    </Provider>
  );
}

function Banner() {
  const status = useConnection((connection) => connection.status);
  const down = status === "down";
  useEffect(() => (down ? watchHealth(HEALTH_MS) : undefined), [down]);
  if (!down) return null;
  return (
    <p className={styles.banner} role="alert" data-testid="banner">
      The server does not answer. What is loaded stays visible; the page continues once the server is back.
    </p>
  );
}
