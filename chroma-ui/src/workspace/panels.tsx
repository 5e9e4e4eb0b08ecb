/** The panels of the workspace. To add one, write a component of `PanelProps` and add an entry to `PANELS`. */
import type { ComponentType } from "react";
import { FindingsPanel } from "../findings/FindingsPanel";
import { SampleTab } from "../inspector/SampleTab";
import { LeftPanel } from "../legend/LeftPanel";
import { REVIEW, type Side } from "../state/layout";
import { useView } from "../state/view";
import { Bars, Chart, Flag, Grid, Info, Lasso, Rows, Target } from "../ui/icons";
import { lazily } from "../ui/lazily";
import styles from "./docks.module.css";
import type { PanelProps } from "./panelProps";

const LOADING = { waiting: <p className={styles.loading}>Loading…</p> };

// Loaded when they are opened: the first page stays small.
const ConfusionPanel = lazily(() => import("../confusion/ConfusionPanel"), LOADING);
const ReviewPanel = lazily(() => import("../findings/ReviewPanel"), LOADING);
const RunSummary = lazily(() => import("../runs/RunSummary"), LOADING);
const SelectionPanel = lazily(() => import("../selection/SelectionPanel"), LOADING);

export type PanelEntry = {
  /** How the address and saved layouts name it: small letters, digits and hyphens. */
  name: string;
  title: string;
  Icon: ComponentType<{ size?: number }>;
  /** The side on which it is, until a person moves it. */
  place: Side;
  /** Whether it is open until a person closes it; else it waits in the list of panels. */
  open: boolean;
  /** Whether it has its own margins. */
  fills?: boolean;
  /** May be `lazily(() => import(…))`: what only this panel needs is then loaded with it. */
  Content: ComponentType<PanelProps>;
};

/** In the order of their tabs. */
export const PANELS: readonly PanelEntry[] = [
  { name: "legend", title: "Legend", Icon: Bars, place: "left", open: true, fills: true, Content: Legend },
  { name: "findings", title: "Findings", Icon: Flag, place: "right", open: true, Content: Findings },
  { name: "sample", title: "Sample", Icon: Target, place: "right", open: true, Content: SampleTab },
  { name: "selection", title: "Selection", Icon: Lasso, place: "right", open: true, Content: Selection },
  { name: "confusion", title: "Confusion", Icon: Grid, place: "right", open: true, Content: Confusion },
  { name: "run", title: "Run", Icon: Info, place: "right", open: true, Content: RunSummary },
  {
    ...{ name: "table", title: "Table", Icon: Rows, place: "bottom", open: false, fills: true },
    Content: lazily(() => import("../table/TablePanel"), LOADING),
  },
  {
    ...{ name: "charts", title: "Charts", Icon: Chart, place: "bottom", open: false, fills: true },
    Content: lazily(() => import("../charts/ChartsPanel"), LOADING),
  },
];

/** The panel of a name in the address: the review of doubtful labels is a part of the findings. */
export const panelNamed = (name: string): PanelEntry | null =>
  PANELS.find((panel) => panel.name === name || (panel.name === "findings" && name.startsWith(REVIEW))) ??
  null;

function Legend({ film, shown, picture }: PanelProps) {
  return <LeftPanel columns={film?.columns ?? []} shown={shown} picture={picture} />;
}

function Selection({ shown, picture, split, focus }: PanelProps) {
  if (!shown || !picture || !split) return null;
  return (
    <SelectionPanel
      shown={shown}
      split={split}
      wrong={picture.wrong}
      classColours={picture.classColours}
      focused={focus.key}
      onFocus={useView.getState().focus}
    />
  );
}

function Findings(props: PanelProps) {
  const opened = useView((view) => view.opened.find((name) => panelNamed(name)?.name === "findings"));
  const queueOf = opened?.startsWith(REVIEW) ? opened.slice(REVIEW.length) : null;
  return queueOf === null ? (
    <FindingsPanel run={props.run} />
  ) : (
    <ReviewPanel key={`${props.run.id} ${queueOf}`} {...props} queueOf={queueOf} />
  );
}

function Confusion({ shown, picture, onStep }: PanelProps) {
  if (!shown || !picture) return null;
  return <ConfusionPanel shown={shown} classColours={picture.classColours} onStep={onStep} />;
}
