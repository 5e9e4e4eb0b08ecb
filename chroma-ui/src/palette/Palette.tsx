import { Dialog } from "radix-ui";
import { type KeyboardEvent, useState } from "react";
import { useQuery } from "urql";
import { SearchSamplesDocument } from "../api/gql/graphql";
import { count } from "../lib/format";
import { useDebounced } from "../lib/useDebounced";
import type { RunEntry } from "../runs/RunPicker";
import { useFoundRuns } from "../runs/useRuns";
import { keyOf } from "../state/sampleKey";
import { useView } from "../state/view";
import { Search } from "../ui/icons";
import { type Command, fitting } from "./commands";
import styles from "./palette.module.css";

type Props = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  commands: readonly Command[];
  runs: readonly RunEntry[];
  /** The film in which samples are searched, at the frame shown; null while none is open. */
  place: { filmId: string; frame: number; splits: readonly string[] } | null;
  onRun: (run: string) => void;
  /** By its key. */
  onSample: (sample: number) => void;
  /** Lets what a search finds stand out on the canvas. */
  onSearch: (words: string) => void;
};

type Entry = { key: string; group: string; name: string; note: string; act: () => void };

const REST_MS = 150;
const MOST_COMMANDS = 8;
const MOST_RUNS = 6;

/** One search field for commands, runs and samples. */
export function Palette(props: Props) {
  return (
    <Dialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className={styles.veil} />
        <Dialog.Content className={styles.sheet} aria-describedby={undefined} data-testid="palette">
          <Dialog.Title className={styles.hidden}>Search</Dialog.Title>
          <Finder {...props} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Conditions, and several words, mean samples on the canvas rather than one of them. */
const CONDITION = /[:=<>~]/;

function Finder({ onOpenChange, commands, runs, place, onRun, onSample, onSearch }: Props) {
  const [words, setWords] = useState(useView.getState().search ?? "");
  const [at, setAt] = useState(0);
  const rested = useDebounced(words.trim() || null, REST_MS);
  const [{ data, fetching }] = useQuery({
    query: SearchSamplesDocument,
    variables: { filmId: place?.filmId ?? "", frame: place?.frame ?? null, words: rested ?? "" },
    pause: place === null || rested === null,
  });
  const others = useFoundRuns(rested)?.runs ?? [];
  const known = [...runs, ...others.filter(({ id }) => runs.every((run) => run.id !== id))];
  const search = rested === null || place === null ? null : (data?.searchSamples ?? null);
  const hits = search?.hits ?? [];
  const onCanvas: Entry[] =
    search && rested !== null && search.found > 0
      ? [
          {
            key: "canvas",
            group: "Samples",
            name: `Show ${count(search.found)} of ${count(search.of)} on the canvas`,
            note: "highlight, select, filter, colour",
            act: () => onSearch(rested),
          },
        ]
      : [];
  const conditional = CONDITION.test(words);
  const entries: Entry[] = [
    ...(conditional ? onCanvas : []),
    ...hits.map((hit) => ({
      key: `sample ${hit.split} ${hit.position}`,
      group: "Samples",
      name: `sample ${hit.id}`,
      note: hit.where === "id" ? "" : hit.where,
      act: () => {
        const sample = keyOf(place?.splits ?? [], hit);
        if (sample !== null) onSample(sample);
      },
    })),
    ...(conditional ? [] : onCanvas),
    ...fitting(commands, words, (command) => command.name)
      .slice(0, MOST_COMMANDS)
      .map((command) => ({
        key: `command ${command.name}`,
        group: "Commands",
        name: command.name,
        note: command.hint ?? "",
        act: command.act,
      })),
    ...fitting(known, words, (run) => `${run.project} ${run.name}`)
      .slice(0, MOST_RUNS)
      .map((run) => ({
        key: `run ${run.id}`,
        group: "Runs",
        name: run.name,
        note: run.project,
        act: () => onRun(run.id),
      })),
  ];
  const chosen = Math.min(at, entries.length - 1);

  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onOpenChange(false);
    entry.act();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) setAt((chosen + by + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") choose(entries[chosen]);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <label className={styles.field}>
        <Search size={16} />
        <input
          // biome-ignore lint/a11y/noAutofocus: the person has just asked to type here
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={entries[chosen] ? `palette-${chosen}` : undefined}
          aria-label="Search samples, commands and runs"
          aria-describedby="palette-language"
          placeholder='Search: label:9 conf<.5 tag:x id:12 text~"regex", words, commands, runs'
          value={words}
          onFocus={(event) => event.target.select()}
          onChange={(event) => {
            setWords(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div id="palette-list" className={styles.list} role="listbox" aria-label="Found">
        {entries.map((entry, order) => (
          <div key={entry.key}>
            {entries[order - 1]?.group === entry.group ? null : <p className={styles.group}>{entry.group}</p>}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field keeps the focus and answers the keys */}
            <div
              id={`palette-${order}`}
              role="option"
              tabIndex={-1}
              aria-selected={order === chosen}
              className={styles.entry}
              data-testid="palette-entry"
              onClick={() => choose(entry)}
              onPointerMove={() => setAt(order)}
            >
              <span>{entry.name}</span>
              <small>{entry.note}</small>
            </div>
          </div>
        ))}
        {entries.length === 0 && !search?.problem ? (
          <p className={styles.group}>{fetching ? "Searching…" : `No sample matches “${words}”.`}</p>
        ) : null}
      </div>
      {search?.problem ? (
        <p className={styles.problem} role="alert" data-testid="search-problem">
          {search.problem}
        </p>
      ) : null}
      <p id="palette-language" className={styles.language}>
        <code>label:9,4</code> <code>conf&lt;.5</code> <code>tag:hard</code> <code>id:12</code>{" "}
        <code>text~"regex"</code> <code>like:12</code> <code>-label:9</code>
      </p>
    </>
  );
}
