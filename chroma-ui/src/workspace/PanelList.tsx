import { readCharts, writeCharts } from "../state/charts";
import { readLayout, SIDES, type Side, sideOf, writeLayout } from "../state/layout";
import { usePreferences } from "../state/preferences";
import { useView } from "../state/view";
import { IconButton } from "../ui/Button";
import { Bin, Check, PanelBottom, PanelLeft, PanelRight, Panels } from "../ui/icons";
import { NameForm } from "../ui/NameForm";
import { Sheet } from "../ui/Sheet";
import styles from "./docks.module.css";
import { SIDE_NAMES } from "./PanelMenu";
import { PANELS } from "./panels";
import type { Docks } from "./useDocks";

const SIDE_ICONS = { left: PanelLeft, right: PanelRight, bottom: PanelBottom };

type Props = { docks: Docks; open: boolean; onOpenChange: (open: boolean) => void };

/** All panels: opens, closes and moves them; layouts saved by name. */
export function PanelList({ docks, open, onOpenChange }: Props) {
  return (
    <Sheet
      open={open}
      onOpenChange={onOpenChange}
      label="Panels"
      trigger={
        <IconButton label="Panels" hint="P" data-testid="panels">
          <Panels />
        </IconButton>
      }
      className={styles.sheet}
      data-testid="panel-list"
    >
      <h2 className={styles.title}>Panels</h2>
      <ul className={styles.list}>
        {PANELS.map(({ name, title, Icon }) => {
          const at = sideOf(docks.layout, name);
          return (
            <li key={name} className={styles.row}>
              <button
                type="button"
                className={styles.toggle}
                aria-pressed={at !== null}
                data-testid={`panel-${name}`}
                onClick={() => (at === null ? docks.open(name) : docks.close(name))}
              >
                <span className={styles.tick}>{at === null ? null : <Check size={14} />}</span>
                <Icon size={15} />
                {title}
              </button>
              {SIDES.map((side) => (
                <Place key={side} side={side} title={title} at={at} onMove={() => docks.move(name, side)} />
              ))}
            </li>
          );
        })}
      </ul>
      <Layouts docks={docks} />
    </Sheet>
  );
}

function Place(props: { side: Side; title: string; at: Side | null; onMove: () => void }) {
  const { side, title, at, onMove } = props;
  const Icon = SIDE_ICONS[side];
  return (
    <button
      type="button"
      className={`${styles.toggle} ${styles.side}`}
      style={{ flex: "none" }}
      title={`${title} on the ${SIDE_NAMES[side]}`}
      aria-label={`${title} on the ${SIDE_NAMES[side]}`}
      aria-pressed={at === side}
      onClick={onMove}
    >
      <Icon size={14} />
    </button>
  );
}

/** Layouts saved in this browser; the address carries a layout to others. */
function Layouts({ docks }: { docks: Docks }) {
  const layouts = usePreferences((preferences) => preferences.layouts);
  const usual = useView((view) => view.layout === null);
  const { set } = usePreferences.getState();
  const { setLayout, setCharts } = useView.getState();
  const open = ({ text, charts = null }: (typeof layouts)[number]) => {
    setLayout(readLayout(text));
    setCharts(readCharts(charts));
  };
  const keep = (name: string) => {
    const others = layouts.filter((other) => other.name !== name);
    const { charts } = useView.getState();
    const saved = { name, text: writeLayout(docks.layout), charts: charts && writeCharts(charts) };
    set({ layouts: [...others, saved] });
  };
  return (
    <>
      <h2 className={styles.title}>Layouts</h2>
      <NameForm label="Name this layout" maxLength={60} button className={styles.keep} onName={keep} />
      <ul className={styles.list}>
        <li className={styles.row}>
          <button
            type="button"
            className={styles.toggle}
            aria-pressed={usual}
            data-testid="layout-usual"
            onClick={() => setLayout(null)}
          >
            <span className={styles.tick}>{usual ? <Check size={14} /> : null}</span>
            Usual layout
          </button>
        </li>
        {layouts.map((saved) => (
          <li key={saved.name} className={styles.row} data-testid="saved-layout">
            <button type="button" className={styles.toggle} onClick={() => open(saved)}>
              <span className={styles.tick} />
              {saved.name}
            </button>
            <IconButton
              label={`Delete the layout ${saved.name}`}
              onClick={() => set({ layouts: layouts.filter((other) => other !== saved) })}
            >
              <Bin size={14} />
            </IconButton>
          </li>
        ))}
      </ul>
      <p className={styles.note}>Saved in this browser. A copied link carries the layout to others.</p>
    </>
  );
}
