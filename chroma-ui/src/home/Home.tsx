import { useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { HomeDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { count } from "../lib/format";
import { useKeys } from "../lib/useKeys";
import { useTitle } from "../lib/useTitle";
import { HomeBadge } from "../runs/HomeBadge";
import { NoRuns } from "../runs/States";
import { ThemeToggle } from "../runs/ThemeToggle";
import { useRunChanges } from "../runs/useRunChanges";
import { useConnection } from "../state/connection";
import { usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { Help } from "../ui/Help";
import { Logo, Question, Search } from "../ui/icons";
import { lazily } from "../ui/lazily";
import { Segmented } from "../ui/Segmented";
import { Select } from "../ui/Select";
import cardStyles from "./card.module.css";
import styles from "./home.module.css";
import { byProject, foundRuns, type HomeRun, metricNames } from "./order";
import { PickedBar } from "./PickedBar";
import { RunCard } from "./RunCard";
import { useCardKeys } from "./useCardKeys";

const RunTable = lazily(() => import("./RunTable"));

const ORDERS = ["newest", "oldest", "name", "size"];
const MOST_METRICS = 3;
const NOTHING: HomeRun[] = [];

/** The home page: all runs with thumbnails of their films. */
export default function Home() {
  const { openRun, setHome } = useView.getState();
  useTitle("Runs");
  const returns = useConnection((connection) => connection.returns);
  const runsAs = usePreferences((preferences) => preferences.runsAs);
  const [words, setWords] = useState("");
  const [order, setOrder] = useState("newest");
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [renaming, setRenaming] = useState<string | null>(null);
  const [help, setHelp] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const [{ data }, refetch] = useQuery({ query: HomeDocument, requestPolicy: "cache-and-network" });
  const again = () => refetch({ requestPolicy: "network-only" });
  const changes = useRunChanges(again);
  useEvents(again);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched again once the server is back
  useEffect(() => {
    if (returns > 0) again();
  }, [returns]);

  const runs = data?.runs ?? NOTHING;
  const metrics = metricNames(runs);
  const found = foundRuns(runs, words, order);
  const groups = byProject(found);
  const shown = groups.flatMap(([, members]) => members);
  const tags = [...new Set(runs.flatMap((run) => run.runTags))].sort();
  // In the order in which they were chosen: the first is A.
  const chosen = [...picked].flatMap((id) => runs.find((run) => run.id === id) ?? []);

  const open = (id: string) => {
    openRun(id);
    setHome(false);
  };
  const pick = (id: string) =>
    setPicked((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const { list, reached, reach } = useCardKeys(shown, {
    onPick: (run) => pick(run.id),
    onRename: (run) => setRenaming(run.id),
    onDelete: (run) => void changes.remove(run),
  });
  useKeys([
    ["/", () => search.current?.focus()],
    ["mod+k", () => search.current?.focus()],
    ["?", () => setHelp(true)],
    ["Escape", () => setPicked(new Set())],
  ]);

  return (
    <div className={styles.home} data-testid="home">
      <header className={styles.bar}>
        <h1>
          <Logo size={22} /> Runs
          <span className={styles.count} data-testid="home-count">
            {found.length === runs.length
              ? count(runs.length)
              : `${count(found.length)} of ${count(runs.length)}`}
          </span>
        </h1>
        {runsAs === "cards" ? (
          <>
            <label className={styles.search}>
              <Search size={14} />
              <input
                ref={search}
                type="search"
                placeholder="Find a run by name, project, tag or status"
                aria-label="Find a run"
                value={words}
                onChange={(event) => setWords(event.target.value)}
                onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
              />
              <kbd>/</kbd>
            </label>
            <Select
              label="Order"
              testId="home-order"
              value={order}
              options={[...ORDERS, ...metrics].map((name) => ({ value: name, name }))}
              onChange={setOrder}
              note="first"
              compact
            />
          </>
        ) : null}
        <Segmented
          label="Runs as"
          testId="runs-as"
          value={runsAs}
          options={[
            { value: "cards", name: "Cards" },
            { value: "table", name: "Table" },
          ]}
          onChange={(next) => usePreferences.getState().set({ runsAs: next })}
        />
        <HomeBadge nameOf={(id) => runs.find((run) => run.id === id)?.name ?? null} />
        <ThemeToggle />
        <IconButton label="Keys and gestures" hint="?" onClick={() => setHelp(true)} data-testid="help">
          <Question />
        </IconButton>
      </header>
      {data && runs.length === 0 ? (
        <div className={styles.nobody}>
          <NoRuns />
        </div>
      ) : null}
      {data ? null : <Waiting />}
      {runsAs === "table" && runs.length ? (
        <main>
          <RunTable picked={picked} onPick={pick} onOpen={open} />
        </main>
      ) : (
        <>
          {runs.length && found.length === 0 ? (
            <p className={styles.nothing}>No run matches “{words}”.</p>
          ) : null}
          <main ref={list} className={styles.projects}>
            {groups.map(([project, members]) => (
              <section key={project} aria-label={project} data-testid="home-project">
                <h2 className={styles.project}>
                  {project} <span>{count(members.length)}</span>
                </h2>
                <ul className={styles.cards}>
                  {members.map((run) => (
                    <RunCard
                      key={run.id}
                      run={run}
                      metrics={metrics.slice(0, MOST_METRICS)}
                      knownTags={tags}
                      picked={picked.has(run.id)}
                      renaming={renaming === run.id}
                      reached={reached === run.id}
                      changes={changes}
                      onOpen={() => open(run.id)}
                      onPick={() => pick(run.id)}
                      onRenaming={(on) => setRenaming(on ? run.id : null)}
                      onReach={() => reach(run.id)}
                    />
                  ))}
                </ul>
              </section>
            ))}
          </main>
        </>
      )}
      <PickedBar runs={chosen} tags={tags} changes={changes} onClear={() => setPicked(new Set())} />
      <Help open={help} onOpenChange={setHelp} />
    </div>
  );
}

/** Placeholders while the runs load. */
function Waiting() {
  return (
    <ul className={styles.cards} aria-hidden="true">
      {["a", "b", "c"].map((name) => (
        <li key={name} className={`${cardStyles.card} ${cardStyles.ghost}`} />
      ))}
    </ul>
  );
}
