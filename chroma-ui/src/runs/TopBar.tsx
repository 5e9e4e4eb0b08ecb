import type { ReactNode } from "react";
import { useMedia } from "../lib/useTheme";
import { ShareLink } from "../share/ShareLink";
import { Views } from "../share/Views";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { Columns, Link, Logo, PanelLeft, PanelRight, Question, Search } from "../ui/icons";
import { Segmented } from "../ui/Segmented";
import { AxisPicker } from "./AxisPicker";
import { compareFrom } from "./compareFrom";
import { copyLink } from "./copyLink";
import { HomeBadge } from "./HomeBadge";
import { MethodPicker } from "./MethodPicker";
import { pickMethod } from "./methods";
import { type RunEntry, RunPicker } from "./RunPicker";
import { epochsOf, type RunDetail } from "./run";
import { spokenSplit } from "./splits";
import { ThemeToggle } from "./ThemeToggle";
import styles from "./topbar.module.css";

type Props = {
  runs: readonly RunEntry[];
  run: RunDetail | null;
  layer: string | null;
  split: string | null;
  /** Of the frame shown. */
  step: number | null;
  onRunsChanged: () => void;
  onHelp: () => void;
  onSearch: () => void;
  /** Opens and closes the side panels in narrow windows. */
  onPanel: (side: "left" | "right") => void;
  /** The list of panels. */
  panels: ReactNode;
};

export function TopBar(props: Props) {
  const { runs, run, layer, split, step, onRunsChanged, onHelp, onSearch, onPanel, panels } = props;
  const { openRun, openLayer, openSplit, setHome } = useView.getState();
  const wantedMethod = useView((view) => view.method);
  const method = run && layer && split ? pickMethod(run, layer, split, wantedMethod) : null;
  const narrow = useMedia("(max-width: 1180px)");
  const layers = run?.layers ?? [];
  const joint = run?.jointSplits ?? [];
  const splits = [...(run?.splits.map(({ name }) => name) ?? []), ...joint];
  return (
    <header className={styles.bar} data-part="top">
      <IconButton label="Colours" className={styles.narrow} onClick={() => onPanel("left")}>
        <PanelLeft />
      </IconButton>
      <h1 className={styles.brand}>
        <button type="button" title="All runs" data-testid="all-runs" onClick={() => setHome(true)}>
          <Logo size={22} />
          Chroma
        </button>
      </h1>
      {run ? (
        <>
          <span className={styles.slash}>/</span>
          <span className={styles.inProject} title={run.project}>
            {run.project}
          </span>
          <span className={styles.slash}>/</span>
        </>
      ) : null}
      {runs.length ? (
        <RunPicker runs={runs} current={run?.id ?? null} onOpen={openRun} onChanged={onRunsChanged} />
      ) : null}
      {layers.length ? (
        <Segmented
          label="Layer"
          testId="layer-picker"
          value={layer}
          options={layers.map(({ name, dim, reason }) => ({
            value: name,
            name,
            title: `${name}: ${dim ? `${dim} dimensions` : "no vectors"}${reason ? `, ${reason}` : ""}`,
          }))}
          onChange={openLayer}
          room={narrow ? 14 : 44}
        />
      ) : null}
      {splits.length > 1 ? (
        <Segmented
          label="Split"
          testId="split-picker"
          value={split}
          options={splits.map((name) => ({
            value: name,
            name: run ? spokenSplit(run, name) : name,
            title: joint.includes(name) ? "Placed together in one film" : undefined,
          }))}
          onChange={(name) => openSplit(name, joint.includes(name))}
          room={narrow ? 14 : 24}
        />
      ) : null}
      {run && layer && split && method !== "logged" && !joint.includes(split) ? (
        <AxisPicker
          runId={run.id}
          layer={layer}
          split={split}
          layers={layers.length}
          step={step}
          epochs={epochsOf(run, layer, split)}
        />
      ) : null}
      <span className={styles.gap} />
      <HomeBadge nameOf={(id) => runs.find((entry) => entry.id === id)?.name ?? null} />
      {run ? (
        <button
          type="button"
          className={styles.find}
          aria-label="Search samples, commands ⌘K"
          data-testid="search"
          onClick={onSearch}
        >
          <Search size={14} />
          <span>Search samples, commands</span>
          <kbd>⌘K</kbd>
        </button>
      ) : null}
      {run && layer && split && method ? <MethodPicker run={run} layer={layer} split={split} /> : null}
      {run && layer ? (
        <IconButton
          label="Compare side by side"
          data-testid="compare"
          onClick={() =>
            compareFrom(
              { run: run.id, layer, step: useView.getState().step, camera: null, split: null },
              layers,
            )
          }
        >
          <Columns />
        </IconButton>
      ) : null}
      {panels}
      <ThemeToggle />
      <IconButton label="Keys and gestures" hint="?" onClick={onHelp} data-testid="help">
        <Question />
      </IconButton>
      {run ? (
        <Views
          runId={run.id}
          runName={(id) => runs.find((entry) => entry.id === id)?.name ?? "another run"}
        />
      ) : null}
      {run ? <ShareLink id={run.id} name={run.name} /> : null}
      {run ? (
        <Button
          look="accent"
          onClick={() => void copyLink()}
          data-testid="copy-link"
          title="Copies a link that restores this view"
        >
          <Link size={15} />
          <span className={styles.wideOnly}>Copy link</span>
        </Button>
      ) : null}
      <IconButton label="Sample and run" className={styles.narrow} onClick={() => onPanel("right")}>
        <PanelRight />
      </IconButton>
    </header>
  );
}
