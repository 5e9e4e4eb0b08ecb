import type { Column } from "../api/bytes";
import { OUTCOMES } from "../compare/tabs";
import { openReview } from "../findings/openReview";
import { copyLink } from "../runs/copyLink";
import type { Plot } from "../scatter/plot";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";

/** What the commands need to know of a run. */
type Run = { id: string; name: string; project: string };

export type Command = { name: string; hint?: string; act: () => void };

/** The entries whose text contains every word. */
export function fitting<T>(entries: readonly T[], words: string, textOf: (entry: T) => string): T[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    const text = textOf(entry).toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** The commands for a film. */
export function commandsFor(plot: Plot | null, columns: readonly Column[], onPicture: () => void): Command[] {
  const { colourBy, clearFilters, setFilter, appearance, setAppearance, openPanel } = useView.getState();
  const { setTool, clear } = useSelection.getState();
  const { contours, labels, trails } = appearance;
  const colours = columns.filter((column) => column.name !== "position");
  return [
    ...(plot
      ? [
          { name: "Fit the film into the view", hint: "F", act: () => plot.fit() },
          { name: "Save the picture as PNG", act: onPicture },
        ]
      : []),
    { name: "Copy the link to this view", act: () => void copyLink() },
    { name: "Select with a lasso", hint: "L", act: () => setTool("lasso") },
    { name: "Select with a box", hint: "B", act: () => setTool("box") },
    { name: "Clear the selection", hint: "esc", act: clear },
    ...(colours.some(({ name, note }) => name === "correct" && note === null)
      ? [
          {
            name: "Show errors only",
            act: () => setFilter("correct", { column: "correct", values: ["wrong"] }),
          },
        ]
      : []),
    { name: "Clear all filters", act: clearFilters },
    { name: "Show the findings", act: () => openPanel("findings") },
    { name: "Show the table", act: () => openPanel("table") },
    { name: "Show the charts", act: () => openPanel("charts") },
    { name: "Show labels against predictions", act: () => openPanel("confusion") },
    {
      name: contours ? "Hide density contours" : "Show density contours",
      act: () => setAppearance({ contours: !contours }),
    },
    {
      name: labels ? "Hide cluster labels" : "Show cluster labels",
      act: () => setAppearance({ labels: !labels }),
    },
    {
      name: trails ? "Hide trails" : "Show trails",
      hint: "T",
      act: () => setAppearance({ trails: !trails }),
    },
    ...colours.map((column) => ({
      name: `Colour by ${column.title}`,
      act: () => colourBy(column.name),
    })),
  ];
}

/** The commands for a run: what it is compared with, and its labels in doubt. */
export function commandsForRun(
  run: Run & { splits: readonly { name: string }[]; snapshots: readonly { split: string }[] },
  runs: readonly Run[],
): Command[] {
  const mates = runs.filter(({ id, project }) => id !== run.id && project === run.project);
  const followed = run.snapshots.map(({ split }) => split);
  return [
    ...mates.map(({ id, name }) => ({ name: `Compare with ${name}`, act: () => compareRuns([run.id, id]) })),
    ...run.splits.map(({ name }) => ({
      name: `Review labels in doubt of ${name}`,
      act: () => openReview(name, followed),
    })),
  ];
}

/** The runs side by side, with what each is right about. */
function compareRuns(runs: readonly string[]): void {
  const { compare, openPanel } = useView.getState();
  compare(runs.map((run) => ({ run, layer: null, step: null, camera: null, split: null })));
  openPanel(OUTCOMES);
}
