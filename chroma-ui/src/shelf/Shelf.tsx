import { useState } from "react";
import { useQuery } from "urql";
import { ShelfDocument } from "../api/gql/graphql";
import { useEvents } from "../api/useEvents";
import { ago, bytes, decimal } from "../lib/format";
import { NoRuns } from "../runs/States";
import { STATUS_NAMES, StatusDot } from "../runs/StatusDot";
import { useRunChanges } from "../runs/useRunChanges";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { Bin, Logo, Search } from "../ui/icons";
import { Select } from "../ui/Select";
import { lastValue, metricNames, type ShelfRun, shelved } from "./order";
import styles from "./shelf.module.css";
import { Thumbnail } from "./Thumbnail";

const WIDTH = 272;
const HEIGHT = 168;
const MOST_METRICS = 3;

/** All runs with the last frames of their films. */
export function Shelf() {
  const { openRun, setShelf } = useView.getState();
  const [words, setWords] = useState("");
  const [order, setOrder] = useState("newest");
  const [{ data }, ask] = useQuery({ query: ShelfDocument, requestPolicy: "cache-and-network" });
  const again = () => ask({ requestPolicy: "network-only" });
  const { remove } = useRunChanges(again);
  useEvents(again);
  const runs = data?.runs ?? [];
  const metrics = metricNames(runs);
  const found = shelved(runs, words, order);
  const open = (run: ShelfRun) => {
    openRun(run.id);
    setShelf(false);
  };

  return (
    <div className={styles.shelf} data-testid="shelf">
      <header className={styles.bar}>
        <h1>
          <Logo size={22} /> Runs
        </h1>
        <label className={styles.search}>
          <Search size={14} />
          <input
            type="search"
            placeholder="Find a run"
            aria-label="Find a run"
            value={words}
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
        <Select
          label="Order"
          testId="shelf-order"
          value={order}
          options={["newest", "name", "size", ...metrics].map((name) => ({ value: name, name }))}
          onChange={setOrder}
          compact
        />
      </header>
      {data && runs.length === 0 ? <NoRuns /> : null}
      {runs.length && found.length === 0 ? <p className={styles.nothing}>No run carries “{words}”.</p> : null}
      <ul className={styles.cards}>
        {found.map((run) => {
          const film =
            run.films.find(({ method, revision }) => method === "umap" && revision) ?? run.films[0];
          return (
            <li key={run.id} className={styles.card} data-testid="shelf-run">
              <button type="button" className={styles.open} onClick={() => open(run)}>
                <span className={styles.picture}>
                  {film?.revision ? (
                    <Thumbnail film={film} width={WIDTH} height={HEIGHT} />
                  ) : (
                    <span className={styles.empty}>No film yet</span>
                  )}
                </span>
                <span className={styles.name}>
                  <StatusDot status={run.status} />
                  <b>{run.name}</b>
                </span>
                <span className={styles.about}>
                  {run.project} · {STATUS_NAMES[run.status]} · {ago(run.createdAt)} · {bytes(run.bytes)}
                </span>
                <span className={styles.metrics}>
                  {metrics.slice(0, MOST_METRICS).map((name) => {
                    const value = lastValue(run, name);
                    return value === null ? null : (
                      <span key={name}>
                        {name} <b>{decimal(value)}</b>
                      </span>
                    );
                  })}
                </span>
              </button>
              <IconButton
                label={`Delete ${run.name}`}
                className={styles.delete}
                onClick={() => void remove(run)}
              >
                <Bin size={14} />
              </IconButton>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
