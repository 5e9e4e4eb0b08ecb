import { useCallback, useEffect, useRef, useState } from "react";
import { count } from "../lib/format";
import { type Key, useKeys } from "../lib/useKeys";
import { keyOf } from "../state/sampleKey";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { ArrowLeft } from "../ui/icons";
import type { PanelProps } from "../workspace/panelProps";
import { ClassList } from "./ClassList";
import { Decide } from "./Decide";
import { DoubtView } from "./DoubtView";
import { PatchExport } from "./PatchExport";
import { classKey, type Decision, decidedOf, nextOpen } from "./queue";
import styles from "./review.module.css";
import { useQueue } from "./useQueue";

type Props = PanelProps & { queueOf: string };

/** So near to the end of the rows that are here, the next ones are fetched. */
const NEAR_END = 15;

/** Doubtful labels one by one: confirm, relabel, skip, undo, by keys. */
export default function ReviewPanel({ queueOf, ...props }: Props) {
  const { run, shown, picture } = props;
  const { rows, progress, classNames, method, problem, more, decide } = useQueue(run.id, queueOf);
  const [at, setAt] = useState<number | null>(null);
  const [choosing, setChoosing] = useState(false);
  const decided = useRef<string[]>([]);
  const panel = useRef<HTMLDivElement>(null);
  const loaded = rows.length > 0;

  // It begins where a person left off.
  useEffect(() => {
    if (loaded) setAt((now) => now ?? nextOpen(rows, -1) ?? 0);
  }, [loaded, rows]);
  // Keys go to the panel, not to the tab or button that opened it.
  useEffect(() => panel.current?.focus(), []);

  const row = at === null ? null : (rows[at] ?? null);
  const followed = shown?.film.runId === run.id && shown.film.splits.includes(queueOf);
  const position = row?.position ?? null;
  const key = followed && position !== null ? keyOf(shown.film.splits, { split: queueOf, position }) : null;
  useEffect(() => {
    if (followed) useView.getState().focus(key, true);
  }, [followed, key]);
  useEffect(() => {
    if (at !== null && progress && at > rows.length - NEAR_END && rows.length < progress.doubts)
      void more(rows.length);
  }, [at, rows.length, progress, more]);

  const make = useCallback(
    (made: Decision) => {
      if (at === null || !rows[at]) return;
      decided.current.push(rows[at].sampleId);
      void decide(rows[at], made);
      setChoosing(false);
      setAt(nextOpen(rows, at) ?? at);
      panel.current?.focus();
    },
    [at, rows, decide],
  );
  const relabel = (label: string) =>
    row && make(label === row.given ? { decision: "CONFIRM", label: null } : { decision: "RELABEL", label });
  const undo = () => {
    const last = decided.current.pop();
    const place = rows.findIndex(({ sampleId }) => sampleId === last);
    if (place < 0) return;
    void decide(rows[place], null);
    setAt(place);
  };
  const step = (by: number) =>
    setAt((now) => (now === null ? now : Math.min(rows.length - 1, Math.max(0, now + by))));

  const keys: Key[] = [
    ["c", () => make({ decision: "CONFIRM", label: null })],
    ["r", () => row && relabel(row.suggested)],
    ["s", () => make({ decision: "SKIP", label: null })],
    ["u", undo],
    ["m", () => setChoosing(true)],
    ["j", () => step(1)],
    ["k", () => step(-1)],
    ["ArrowDown", () => step(1)],
    ["ArrowUp", () => step(-1)],
    ...classNames.flatMap((name, i): Key[] => {
      const key = classKey(i);
      return key === null ? [] : [[key, () => relabel(name)]];
    }),
  ];
  useKeys(row && !choosing ? keys : [], true);

  return (
    <div ref={panel} className={styles.panel} tabIndex={-1} data-testid="review">
      <header className={styles.top}>
        <IconButton label="All findings" onClick={() => useView.getState().openPanel("findings")}>
          <ArrowLeft size={15} />
        </IconButton>
        <h2>
          Labels of {queueOf}
          {progress ? (
            <span data-testid="review-progress">
              {count(Math.min(decidedOf(progress), progress.doubts))} of {count(progress.doubts)}
            </span>
          ) : null}
        </h2>
      </header>
      {problem ? <p className={styles.problem}>{problem}</p> : null}
      {progress && progress.doubts === 0 ? <p>No label is in doubt.</p> : null}
      {row && at !== null ? (
        <>
          <DoubtView
            {...props}
            row={row}
            place={`${count(at + 1)} of ${count(progress?.doubts ?? rows.length)}`}
            split={queueOf}
            sample={key}
            colours={picture?.classColours ?? new Map()}
            followed={followed}
          />
          {choosing ? (
            <ClassList
              names={classNames}
              suggested={row.suggested}
              onChoose={relabel}
              onClose={() => {
                setChoosing(false);
                panel.current?.focus();
              }}
            />
          ) : (
            <Decide
              row={row}
              canUndo={decided.current.length > 0}
              onConfirm={() => make({ decision: "CONFIRM", label: null })}
              onRelabel={() => relabel(row.suggested)}
              onSkip={() => make({ decision: "SKIP", label: null })}
              onUndo={undo}
              onChoose={() => setChoosing(true)}
            />
          )}
          <p className={styles.note} title={method}>
            Score {row.score.toFixed(2)}: {method}
          </p>
        </>
      ) : null}
      {progress ? <PatchExport runId={run.id} progress={progress} /> : null}
    </div>
  );
}
