import type { ReactNode } from "react";
import type { Column } from "../api/bytes";
import { FOUND_COLUMN } from "../film/found";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { count } from "../lib/format";
import { OPACITIES, SIZES } from "../state/appearance";
import { FOUND } from "../state/filters";
import { useView } from "../state/view";
import { Section, Slider, Switch } from "../ui/controls";
import { Select } from "../ui/Select";
import { CategoryLegend } from "./CategoryLegend";
import { Facets } from "./Facets";
import styles from "./legend.module.css";
import { NumericLegend } from "./NumericLegend";
import { Splits } from "./Splits";

type Props = {
  columns: readonly Column[];
  shown: ShownFrame | null;
  picture: Picture | null;
  /** Further columns to colour by, besides the film's. */
  more?: readonly Column[];
};

/** The sections from top to bottom. To add one, add an entry. */
const SECTIONS: readonly { name: string; Content: (props: Props) => ReactNode }[] = [
  { name: "colour", Content: ColourBy },
  { name: "legend", Content: Legend },
  { name: "splits", Content: Splits },
  { name: "filter", Content: Filters },
  { name: "appearance", Content: Appearance },
];

/** Colour, legend, filters and appearance of the points. */
export function LeftPanel(props: Props) {
  return (
    <div className={styles.panel}>
      {SECTIONS.map(({ name, Content }) => (
        <Content key={name} {...props} />
      ))}
    </div>
  );
}

function ColourBy({ columns, shown, picture, more = [] }: Props) {
  const { colourBy } = useView.getState();
  const choices = [
    ...columns.filter((column) => column.name !== "position"),
    ...more,
    ...(shown?.columns.has(FOUND) ? [FOUND_COLUMN] : []),
  ];
  const colour = choices.find((column) => column.name === shown?.colourName) ?? null;
  const swatch = picture
    ? picture.legend
      ? `conic-gradient(${picture.scene.palette.slice(0, 4).join(", ")})`
      : `linear-gradient(90deg, ${picture.scene.palette.slice(0, -1).join(", ")})`
    : undefined;
  return (
    <Section title="Colour by">
      <Select
        label="Colour by"
        testId="colour-by"
        value={shown?.colourName ?? null}
        options={inGroups(choices).map(({ name, title, group }) => ({ value: name, name: title, group }))}
        onChange={colourBy}
        swatch={swatch}
        note={colour ? extentOf(colour) : undefined}
      />
    </Section>
  );
}

/** How many values a column has. */
function extentOf({ name, legend }: Column): string {
  if (!legend) return "number";
  const classes = name === "label" || name === "prediction";
  return `${count(legend.length)} ${classes ? "classes" : legend.length === 1 ? "value" : "values"}`;
}

function Legend({ shown, picture }: Props) {
  if (!shown || !picture) return null;
  if (picture.legend) return <CategoryLegend shown={shown} legend={picture.legend} />;
  return shown.colour ? <NumericLegend shown={shown} picture={picture} /> : null;
}

function Filters({ columns, shown, picture }: Props) {
  return shown && picture ? <Facets columns={columns} shown={shown} picture={picture} /> : null;
}

/** Sorted by group, in the order in which groups are first named. */
function inGroups(columns: readonly Column[]): Column[] {
  const groups = columns.map(({ group }) => group);
  return [...columns].sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group));
}

function Appearance() {
  const appearance = useView((view) => view.appearance);
  const { setAppearance } = useView.getState();
  const { contours, labels, trails, rare, ground, thumbnails, safe, size, opacity } = appearance;
  return (
    <Section title="Appearance">
      <div>
        <Switch
          label="Density contours"
          checked={contours}
          onChange={(contours) => setAppearance({ contours })}
        />
        <Switch label="Cluster labels" checked={labels} onChange={(labels) => setAppearance({ labels })} />
        <Switch label="Motion trails" checked={trails} onChange={(trails) => setAppearance({ trails })} />
        <Switch label="Few on top" checked={rare} onChange={(rare) => setAppearance({ rare })} />
        <Switch
          label="Filtered points in grey"
          checked={ground}
          onChange={(ground) => setAppearance({ ground })}
        />
        <Switch
          label="Thumbnails when near"
          checked={thumbnails}
          onChange={(thumbnails) => setAppearance({ thumbnails })}
        />
        <Switch label="Colour-blind safe" checked={safe} onChange={(safe) => setAppearance({ safe })} />
        <div className={styles.size}>
          <span>Point size</span>
          <Slider
            label="Point size"
            min={SIZES[0]}
            max={SIZES[1]}
            step={0.1}
            value={[size]}
            onChange={([size]) => setAppearance({ size })}
          />
        </div>
        <div className={styles.size}>
          <span>Opacity</span>
          <Slider
            label="Opacity"
            min={OPACITIES[0]}
            max={OPACITIES[1]}
            step={0.1}
            value={[opacity]}
            onChange={([opacity]) => setAppearance({ opacity })}
          />
        </div>
      </div>
    </Section>
  );
}
