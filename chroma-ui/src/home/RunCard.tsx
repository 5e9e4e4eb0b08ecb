import { useState } from "react";
import type { RunStatus } from "../api/gql/graphql";
import { ago, bytes, count, logged } from "../lib/format";
import { STATUS_NAMES, StatusDot } from "../runs/StatusDot";
import type { useRunChanges } from "../runs/useRunChanges";
import { IconButton } from "../ui/Button";
import { Bin, Check, Pencil } from "../ui/icons";
import { Rename } from "../ui/Rename";
import styles from "./card.module.css";
import { type HomeRun, lastValue } from "./order";
import { RunTags } from "./RunTags";
import { Thumbnail } from "./Thumbnail";

/** What stands in place of a film, by what happened to the run. */
const NO_FILM: Record<RunStatus, string> = {
  RUNNING: "No snapshot yet",
  FINISHED: "No snapshot was taken",
  FAILED: "Failed before its first snapshot",
  INTERRUPTED: "Interrupted before its first snapshot",
};
const WIDTH = 300;
const HEIGHT = 176;

type Props = {
  run: HomeRun;
  metrics: readonly string[];
  knownTags: readonly string[];
  picked: boolean;
  renaming: boolean;
  /** Whether the Tab key reaches this card; arrow keys reach the others. */
  reached: boolean;
  changes: ReturnType<typeof useRunChanges>;
  onOpen: () => void;
  onPick: () => void;
  onRenaming: (on: boolean) => void;
  onReach: () => void;
};

/** A run: a thumbnail of its film, its name, status and last metrics. */
export function RunCard(props: Props) {
  const { run, metrics, changes, picked, renaming } = props;
  const [over, setOver] = useState(false);
  const film = run.cardFilm;
  const unfinished = film && film.status !== "READY" && film.status !== "FAILED";
  /** Shown on the thumbnail, so it is part of the button's name. */
  const state = !film?.revision
    ? unfinished
      ? film.message || "Computing the film"
      : film
        ? "The film could not be drawn"
        : run.kept
          ? "No film yet"
          : NO_FILM[run.status]
    : unfinished
      ? `${Math.round(100 * film.progress)}% computed`
      : null;
  return (
    <li
      className={styles.card}
      data-testid="home-run"
      data-run={run.id}
      data-picked={picked || undefined}
      onPointerEnter={() => setOver(true)}
      onPointerLeave={() => setOver(false)}
    >
      <button
        type="button"
        className={styles.picture}
        aria-label={state === null ? `Open ${run.name}` : `Open ${run.name}: ${state}`}
        tabIndex={props.reached ? 0 : -1}
        data-testid="home-open"
        onClick={props.onOpen}
        onFocus={props.onReach}
      >
        {film?.revision ? (
          <Thumbnail film={film} width={WIDTH} height={HEIGHT} playing={over} />
        ) : (
          <span className={styles.empty}>{state}</span>
        )}
        {film?.revision && state !== null ? <span className={styles.drawing}>{state}</span> : null}
      </button>
      <button
        type="button"
        className={styles.pick}
        aria-pressed={picked}
        aria-label={`Choose ${run.name}`}
        data-testid="home-pick"
        onClick={props.onPick}
      >
        {picked ? <Check size={13} /> : null}
      </button>
      <div className={styles.about}>
        {renaming ? (
          <Rename
            name={run.name}
            onDone={(name) => {
              props.onRenaming(false);
              void changes.rename(run.id, name);
            }}
            onCancel={() => props.onRenaming(false)}
          />
        ) : (
          <div className={styles.name}>
            <StatusDot status={run.status} />
            <b title={run.name} data-testid="home-name">
              {run.name}
            </b>
            <IconButton label={`Rename ${run.name}`} onClick={() => props.onRenaming(true)}>
              <Pencil size={13} />
            </IconButton>
            <IconButton label={`Delete ${run.name}`} onClick={() => void changes.remove(run)}>
              <Bin size={13} />
            </IconButton>
          </div>
        )}
        {run.error ? (
          <p className={styles.error} title={run.error}>
            {run.error}
          </p>
        ) : null}
        <p className={styles.facts}>
          <span data-status={run.status}>{STATUS_NAMES[run.status]}</span> · {ago(run.createdAt)} ·{" "}
          {bytes(run.bytes)}
          {film?.revision ? ` · ${count(film.frames)} ${film.frames === 1 ? "frame" : "frames"}` : null}
        </p>
        <dl className={styles.metrics}>
          {metrics.map((name) => {
            const value = lastValue(run, name);
            return value === null ? null : (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{logged(value)}</dd>
              </div>
            );
          })}
        </dl>
        <RunTags
          run={run.name}
          tags={run.runTags}
          known={props.knownTags}
          onTag={(tag) => void changes.tag(run, tag)}
          onUntag={(tag) => void changes.untag(run, tag)}
        />
      </div>
    </li>
  );
}
