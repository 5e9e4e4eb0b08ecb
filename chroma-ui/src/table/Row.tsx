// biome-ignore-all lint/a11y/useSemanticElements: a <table> cannot hold a part of its rows
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and its buttons
import { type MouseEvent, memo } from "react";
import { type ColumnValues, SPRITES } from "../api/bytes";
import type { Picture } from "../film/picture";
import { decimal } from "../lib/format";
import type { Sample } from "../state/sampleKey";
import { Check } from "../ui/icons";
import { SAMPLE_WIDTH } from "./Head";
import styles from "./table.module.css";
import type { TableColumn } from "./useTable";

const SPRITES_A_ROW = 32;
const THUMB = 30;

type Props = {
  /** A point. */
  row: number;
  /** Its place in the table, from 0. */
  order: number;
  y: number;
  rise: number;
  sample: Sample;
  columns: readonly TableColumn[];
  values: ReadonlyMap<string, ColumnValues> | null;
  picture: Picture;
  line: { id: string; text: string | null } | undefined;
  /** The sheet with its thumbnail; null until it is there, undefined where samples have none. */
  sprite: string | null | undefined;
  isSelected: boolean;
  isFocused: boolean;
  isCursor: boolean;
  isPointed: boolean;
  onPoint: () => void;
  onChoose: (event: MouseEvent) => void;
};

/** The callbacks are made anew at each render, and do the same for the same row, order and selection. */
const SAME = [
  ...["row", "order", "y", "rise", "columns", "values", "picture", "line", "sprite"],
  ...["isSelected", "isFocused", "isCursor", "isPointed"],
] as readonly (keyof Props)[];

export const Row = memo(Plain, (before, now) => SAME.every((name) => before[name] === now[name]));

function Plain(props: Props) {
  const { row, order, y, rise, columns, values, picture, line, sprite, sample } = props;
  const tile = sample.position % SPRITES;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid answers the keys
    <div
      role="row"
      id={`table-row-${order}`}
      aria-rowindex={order + 2}
      aria-selected={props.isSelected}
      className={styles.row}
      data-testid="table-row"
      data-position={sample.position}
      data-split={sample.split}
      data-focused={props.isFocused || undefined}
      data-cursor={props.isCursor || undefined}
      data-pointed={props.isPointed || undefined}
      style={{ transform: `translateY(${y}px)`, height: rise }}
      onPointerEnter={props.onPoint}
      onClick={props.onChoose}
    >
      <div role="gridcell" className={styles.sample} style={{ width: SAMPLE_WIDTH }}>
        {sprite === undefined ? null : (
          <span
            className={styles.thumb}
            style={{
              backgroundImage: sprite ? `url("${sprite}")` : undefined,
              backgroundSize: `${SPRITES_A_ROW * 100}% auto`,
              backgroundPosition: `${-(tile % SPRITES_A_ROW) * THUMB}px ${-Math.floor(tile / SPRITES_A_ROW) * THUMB}px`,
            }}
          />
        )}
        <b>{line?.id ?? "…"}</b>
        {line?.text ? <span title={line.text}>{line.text}</span> : null}
      </div>
      {columns.map(({ column, width }) => (
        <Cell
          key={column.name}
          row={row}
          width={width}
          name={column.name}
          values={values?.get(column.name)}
          picture={picture}
        />
      ))}
    </div>
  );
}

type CellProps = {
  row: number;
  width: number;
  name: string;
  values: ColumnValues | undefined;
  picture: Picture;
};

function Cell({ row, width, name, values, picture }: CellProps) {
  if (values?.kind === "numeric")
    return (
      <div role="gridcell" className={styles.number} style={{ width }}>
        {name === "position" ? values.values[row] : decimal(values.values[row])}
      </div>
    );
  const text = values ? (values.legend[values.codes[row]] ?? "–") : "…";
  const isClass = name === "label" || name === "prediction";
  const isWrong = picture.wrong?.[row] === 1 && (name === "prediction" || name === "correct");
  return (
    <div
      role="gridcell"
      className={styles.cell}
      data-wrong={isWrong || undefined}
      style={{ width }}
      title={text}
    >
      {isClass ? <i style={{ background: picture.classColours.get(text) }} /> : null}
      {name.startsWith("tag:") ? text === "tagged" ? <Check size={13} /> : "" : text}
    </div>
  );
}
