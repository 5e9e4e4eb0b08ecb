import { useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { HomeChoicesDocument, HomeDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { count } from "../lib/format";
import { useDebounced } from "../lib/useDebounced";
import { useKeys } from "../lib/useKeys";
import { useTitle } from "../lib/useTitle";
import { HomeBadge } from "../runs/HomeBadge";
import { NoRuns } from "../runs/States";
import { ThemeToggle } from "../runs/ThemeToggle";
import { useRunChanges } from "../runs/useRunChanges";
import { useConnection } from "../state/connection";
import { usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { Help } from "../ui/Help";
import { Logo, Question, Search } from "../ui/icons";
import { lazily } from "../ui/lazily";
import { Segmented } from "../ui/Segmented";
import { Select } from "../ui/Select";
import cardStyles from "./card.module.css";
import styles from "./home.module.css";
import { byProject, type HomeRun } from "./order";
import { PickedBar } from "./PickedBar";
import { RunCard } from "./RunCard";
import { useCardKeys } from "./useCardKeys";

const RunTable = lazily(() => import("./RunTable"));

const ORDERS = ["newest", "oldest", "name", "size"];
const MOST_METRICS = 3;
/** Cards that are loaded at first, and with each “Show more”. */
const PAGE = 60;
const REST_MS = 150;
const NO_CHOICES = { metrics: [], tags: [] };
const NOTHING: HomeRun[] = [];

/** The home page: all runs with thumbnails of their films. */
export default function Home() {
  const { openRun, setHome } = useView.getState();
  useTitle("Runs");
  const returns = useConnection((connection) => connection.returns);
  const runsAs = usePreferences((preferences) => preferences.runsAs);
  const [words, setWords] = useState("");
  const [order, setOrder] = useState("newest");
  const [most, setMost] = useState(PAGE);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [renaming, setRenaming] = useState<string | null>(null);
  const [help, setHelp] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const rested = useDebounced(words.trim(), REST_MS) ?? "";
  const [{ data, fetching }, refetch] = useQuery({
    query: HomeDocument,
    variables: { words: rested, order, first: most },
    requestPolicy: "cache-and-network",
  });
  const [{ data: choices }, refetchChoices] = useQuery({
    query: HomeChoicesDocument,
    requestPolicy: "cache-and-network",
  });
  const again = () => {
    refetch({ requestPolicy: "network-only" });
    refetchChoices({ requestPolicy: "network-only" });
  };
  const changes = useRunChanges(again);
  useEvents(again);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched again once the server is back
  useEffect(() => {
    if (returns > 0) again();
  }, [returns]);

  const page = data?.runsPage;
  const runs = page?.runs ?? NOTHING;
  const { metrics, tags } = choices?.runsPage ?? NO_CHOICES;
  const groups = byProject(runs);
  const shown = groups.flatMap(([, members]) => members);
  // Runs stay chosen while other words list other ones.
  const known = useRef(new Map<string, HomeRun>());
  for (const run of runs) known.current.set(run.id, run);
  // In the order in which they were chosen: the first is A.
  const chosen = [...picked].flatMap((id) => known.current.get(id) ?? []);
  const ofProject = new Map(page?.projects.map(({ name, runs }) => [name, runs]));

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
            {page
              ? page.found === page.of
                ? count(page.of)
                : `${count(page.found)} of ${count(page.of)}`
              : null}
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
                onChange={(event) => {
                  setWords(event.target.value);
                  setMost(PAGE);
                }}
                onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
              />
              <kbd>/</kbd>
            </label>
            <Select
              label="Order"
              testId="home-order"
              value={order}
              options={[...ORDERS, ...metrics].map((name) => ({ value: name, name }))}
              onChange={(next) => {
                setOrder(next);
                setMost(PAGE);
              }}
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
        <HomeBadge nameOf={(id) => known.current.get(id)?.name ?? null} />
        <ThemeToggle />
        <IconButton label="Keys and gestures" hint="?" onClick={() => setHelp(true)} data-testid="help">
          <Question />
        </IconButton>
      </header>
      {page?.of === 0 ? (
        <div className={styles.nobody}>
          <NoRuns />
        </div>
      ) : null}
      {data ? null : <Waiting />}
      {runsAs === "table" && page?.of ? (
        <main>
          <RunTable picked={picked} onPick={pick} onOpen={open} />
        </main>
      ) : (
        <>
          {page?.of && page.found === 0 ? <p className={styles.nothing}>No run matches “{rested}”.</p> : null}
          <main ref={list} className={styles.projects} aria-busy={fetching}>
            {groups.map(([project, members]) => (
              <section key={project} aria-label={project} data-testid="home-project">
                <h2 className={styles.project}>
                  {project} <span>{ofTotal(members.length, ofProject.get(project))}</span>
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
          {page && page.found > runs.length ? (
            <p className={styles.more}>
              {ofTotal(runs.length, page.found)} runs
              {fetching || runs.length >= most ? (
                <Button disabled={fetching} onClick={() => setMost(most + PAGE)} data-testid="home-more">
                  Show more
                </Button>
              ) : (
                "are listed here; words find the others, and the table lists all" // the server gives no more
              )}
            </p>
          ) : null}
        </>
      )}
      <PickedBar runs={chosen} tags={tags} changes={changes} onClear={() => setPicked(new Set())} />
      <Help open={help} onOpenChange={setHelp} />
    </div>
  );
}

/** `60`, or `60 of 500` where not all are listed. */
const ofTotal = (listed: number, total = listed) =>
  total > listed ? `${count(listed)} of ${count(total)}` : count(total);

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
