/** The tour: what a person should know in the first hour, and where it stands on the page. */

export type Hint = { target: string; title: string; text: string };

export const HINTS: readonly Hint[] = [
  {
    target: "[data-testid=play]",
    title: "Play the film",
    text: "Each frame is an epoch: samples that the model sees as alike lie together. Space plays, ← and → step.",
  },
  {
    target: "[data-testid=colour-by]",
    title: "Colour it",
    text: "By label, prediction, right or wrong, or anything that you logged. A click in the legend hides a class.",
  },
  {
    target: "[data-testid=canvas]",
    title: "Ask about a sample",
    text: "Click a point for its sample, its neighbours and its history; drag with shift held to select many.",
  },
  {
    target: "[data-testid=tab-findings]",
    title: "Begin with the findings",
    text: "Labels in doubt, outliers, duplicates, classes that are confused: best first, each shown at one click.",
  },
  {
    target: "[data-testid=search]",
    title: "Find anything",
    text: "⌘K or Ctrl-K finds samples, commands and runs. The key ? lists all keys.",
  },
];
