import { copyLink } from "../runs/copyLink";
import { HomeBadge } from "../runs/HomeBadge";
import { methodsFor, pickMethod } from "../runs/methods";
import { ThemeToggle } from "../runs/ThemeToggle";
import { ShareLink } from "../share/ShareLink";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { Cross, Link, Logo, PanelLeft, PanelRight, Plus, Question } from "../ui/icons";
import { Segmented } from "../ui/Segmented";
import styles from "./compare.module.css";
import type { PaneLive } from "./store";

type Props = {
  first: PaneLive | null;
  full: boolean;
  /** Name of a run by its id. */
  nameOf: (run: string) => string | null;
  onAdd: () => void;
  onHelp: () => void;
  /** Opens and closes the side panels in narrow windows. */
  onPanel: (side: "left" | "right") => void;
};

export function CompareHead({ first, full, nameOf, onAdd, onHelp, onPanel }: Props) {
  const method = useView((view) => view.method);
  const { setMethod, openSplit, leavePanes, setHome } = useView.getState();
  const splits = first?.run?.splits ?? [];
  const shown =
    first?.run && first.layer && first.split
      ? ([first.run, first.layer.name, first.split.name] as const)
      : null;
  return (
    <header className={styles.bar}>
      <IconButton label="Colours" className={styles.narrow} onClick={() => onPanel("left")}>
        <PanelLeft />
      </IconButton>
      <h1>
        <button type="button" title="All runs" data-testid="all-runs" onClick={() => setHome(true)}>
          <Logo size={22} />
          <span>Chroma</span>
        </button>
      </h1>
      <span className={styles.slash}>/</span>
      <span className={styles.title}>Side by side</span>
      <Button onClick={onAdd} disabled={full} data-testid="add-pane" title="Add a copy of the last pane">
        <Plus size={14} /> Pane
      </Button>
      {splits.length > 1 ? (
        <Segmented
          label="Split"
          testId="split-picker"
          value={first?.split?.name ?? null}
          options={splits.map(({ name }) => ({ value: name, name }))}
          onChange={openSplit}
          room={24}
        />
      ) : null}
      <span className={styles.gap} />
      {shown ? (
        <Segmented
          label="Projection"
          testId="method"
          value={pickMethod(...shown, method)}
          options={methodsFor(...shown)}
          onChange={setMethod}
        />
      ) : null}
      <HomeBadge nameOf={nameOf} />
      <ThemeToggle />
      <IconButton label="Keys and gestures" hint="?" onClick={onHelp} data-testid="help">
        <Question />
      </IconButton>
      {first?.run ? <ShareLink id={first.run.id} name={first.run.name} /> : null}
      <Button look="accent" aria-label="Copy link" onClick={() => void copyLink()} data-testid="copy-link">
        <Link size={15} />
        <span className={styles.wideOnly}>Copy link</span>
      </Button>
      <IconButton label="Back to one film" onClick={leavePanes} data-testid="leave-compare">
        <Cross />
      </IconButton>
      <IconButton label="Differences" className={styles.narrow} onClick={() => onPanel("right")}>
        <PanelRight />
      </IconButton>
    </header>
  );
}
