import { useMemo, useState } from "react";
import type { RunsQuery } from "../api/gql/graphql";
import { ago, count } from "../lib/format";
import { useDebounced } from "../lib/useDebounced";
import { IconButton } from "../ui/Button";
import { Bin, ChevronDown, Pencil, Search } from "../ui/icons";
import { Rename } from "../ui/Rename";
import { Sheet } from "../ui/Sheet";
import styles from "./picker.module.css";
import { StatusDot } from "./StatusDot";
import { useRunChanges } from "./useRunChanges";
import { useFoundRuns } from "./useRuns";

export type RunEntry = RunsQuery["runsPage"]["runs"][number];

const REST_MS = 150;

type Props = {
  runs: readonly RunEntry[];
  current: string | null;
  onOpen: (run: string | null) => void;
  onChanged: () => void;
};

export function RunPicker({ runs, current, onOpen, onChanged }: Props) {
  const [open, setOpen] = useState(false);
  const [wanted, setWanted] = useState("");
  const [renaming, setRenaming] = useState<string | null>(null);
  const changes = useRunChanges(onChanged);
  const rested = useDebounced(wanted.trim(), REST_MS);
  const found = useFoundRuns(open ? rested : null);
  const listed = found?.runs ?? runs;
  const chosen = runs.find((run) => run.id === current) ?? null;

  const projects = useMemo(() => {
    const grouped = new Map<string, RunEntry[]>();
    for (const run of listed) grouped.set(run.project, [...(grouped.get(run.project) ?? []), run]);
    return [...grouped];
  }, [listed]);

  const remove = (run: RunEntry) => {
    const wasOpen = run.id === current;
    const others = () => onOpen(runs.find((other) => other.id !== run.id)?.id ?? null);
    void changes.remove(run, wasOpen ? others : undefined, wasOpen ? () => onOpen(run.id) : undefined);
  };

  return (
    <Sheet
      open={open}
      onOpenChange={setOpen}
      label="Runs"
      trigger={
        <button type="button" className={styles.picker} data-testid="run-picker" title="Choose a run">
          {chosen ? <StatusDot status={chosen.status} /> : null}
          <span className={styles.pickerName}>{chosen?.name ?? "No run"}</span>
          <ChevronDown size={14} />
        </button>
      }
      className={styles.popover}
      align="start"
    >
      <label className={styles.search}>
        <Search size={14} />
        <input
          type="search"
          placeholder="Find a run"
          aria-label="Find a run"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      </label>
      <div className={styles.runs}>
        {projects.length === 0 ? <p className={styles.nothing}>No run matches “{wanted}”.</p> : null}
        {projects.map(([project, members]) => (
          <section key={project}>
            <h3 className={styles.project}>{project}</h3>
            <ul>
              {members.map((run) => (
                <li
                  key={run.id}
                  className={styles.run}
                  data-current={run.id === current || undefined}
                  data-testid="run-item"
                >
                  {renaming === run.id ? (
                    <Rename
                      name={run.name}
                      onDone={(name) => {
                        setRenaming(null);
                        void changes.rename(run.id, name);
                      }}
                      onCancel={() => setRenaming(null)}
                    />
                  ) : (
                    <>
                      <button
                        type="button"
                        className={styles.open}
                        onClick={() => {
                          onOpen(run.id);
                          setOpen(false);
                        }}
                      >
                        <StatusDot status={run.status} />
                        <span className={styles.runName}>{run.name}</span>
                        <span className={styles.when}>{ago(run.createdAt)}</span>
                      </button>
                      <IconButton label={`Rename ${run.name}`} onClick={() => setRenaming(run.id)}>
                        <Pencil size={14} />
                      </IconButton>
                      <IconButton label={`Delete ${run.name}`} onClick={() => remove(run)}>
                        <Bin size={14} />
                      </IconButton>
                    </>
                  )}
                </li>
              ))}
            </ul>
          </section>
        ))}
        {found && found.found > listed.length ? (
          <p className={styles.nothing} data-testid="run-picker-more">
            The newest {count(listed.length)} of {count(found.found)}; words find the others.
          </p>
        ) : null}
      </div>
    </Sheet>
  );
}
