import { useEffect, useId, useRef } from "react";
import type { Picture } from "../film/picture";
import { keysAt } from "../film/samples";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { useSize } from "../lib/useSize";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { chosenFilters, filtersOf, isChosen, pointsIn } from "./act";
import { sizeOf } from "./axes";
import styles from "./charts.module.css";
import { draw } from "./draw";
import { addFields, type Fields } from "./fields";
import { type Model, summaryOf } from "./model";

export type Mode = "filter" | "select";

type Props = {
  model: Model;
  name: string;
  shown: ShownFrame;
  picture: Picture;
  kept: Uint8Array;
  mode: Mode;
};

const HEIGHT = 210;
/** Of a bar or box, so that its name can be read. */
const ROW = 17;

const heightOf = ({ kind, xAxis, yAxis }: Model): number => {
  const rows =
    kind === "bars" ? sizeOf(xAxis) : yAxis?.kind === "names" && kind !== "ecdf" ? sizeOf(yAxis) : 0;
  return Math.max(HEIGHT, 50 + ROW * rows);
};

/** The chart itself, what it says in words, and what is not in it. */
export function ChartFigure({ model, name, shown, picture, kept, mode }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const about = useId();
  const { width } = useSize(room);
  const filters = useView((view) => view.filters);
  const fields = useRef<Fields | null>(null);
  const latest = useRef({ mode, kept, shown });
  latest.current = { mode, kept, shown };
  const colours = picture.classColours;
  const { codes, palette } = picture.scene;

  useEffect(() => {
    const at = room.current;
    if (!at || width < 120) return;
    const focused = fields.current?.focused() ?? null;
    const chart = draw(
      model,
      {
        ofName: (column, value) =>
          column === "label" || column === "prediction" ? (colours.get(value) ?? null) : null,
        ofPoint: (i) => palette[codes[i]] ?? "var(--accent)",
      },
      { width, height: heightOf(model) },
    );
    chart.setAttribute("aria-label", name);
    chart.setAttribute("aria-describedby", about);
    const made = addFields(chart, model, (from, to, more) => {
      const { mode, kept, shown } = latest.current;
      if (mode === "select") {
        const samples = keysAt(shown, pointsIn(model, from, to, kept));
        useSelection.getState().select(samples, more ? "add" : "replace", true);
        return;
      }
      const { filters, setFilter } = useView.getState();
      for (const { column, filter } of chosenFilters(filters, filtersOf(model, from, to)))
        setFilter(column, filter);
    });
    fields.current = made;
    at.replaceChildren(chart);
    if (focused !== null) made.focus(focused);
    return made.release;
  }, [model, width, name, about, colours, codes, palette]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new drawing has new fields
  useEffect(() => {
    fields.current?.press((field) => isChosen(model, field, filters));
  }, [model, filters, width, name, colours, codes, palette]);

  const { kind, lines, placed, passing, notes } = model;
  const named = kind === "ecdf" && model.y ? (lines ?? []) : [];
  return (
    <figure className={styles.figure}>
      <div ref={room} className={styles.room} data-testid="chart-room" />
      <p id={about} className={styles.unseen}>
        {summaryOf(model)}
      </p>
      {named.length ? (
        <ul className={styles.names}>
          {named.map((line) => (
            <li key={line.name}>
              <i style={{ background: colours.get(line.name) ?? "var(--accent)" }} />
              {line.name}
            </li>
          ))}
        </ul>
      ) : null}
      <figcaption className={styles.note} data-testid="chart-note">
        {placed === 0 ? "No sample has a value here. " : null}
        {count(passing)} of {count(picture.scene.points.presentCount)} samples
        {kind === "box" ? "; boxes: quartiles and median, lines: 5% to 95%" : ""}
        {notes.map((note) => `; ${note}`).join("")}
      </figcaption>
    </figure>
  );
}
