import type { Column } from "../api/bytes";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { columnGroup, columnTitle, count, inGroups } from "../lib/format";
import { OPACITIES, SIZES } from "../state/look";
import { useView } from "../state/view";
import { Section, Slider, Switch } from "../ui/controls";
import { Select } from "../ui/Select";
import { CategoryLegend } from "./CategoryLegend";
import { Facets } from "./Facets";
import styles from "./legend.module.css";
import { NumericLegend } from "./NumericLegend";

type Props = {
  columns: readonly Column[];
  shown: ShownFrame | null;
  picture: Picture | null;
  /** What can colour the points besides the film's columns. */
  more?: readonly Column[];
};

export function LeftPanel({ columns, shown, picture, more = [] }: Props) {
  const colourBy = useView((view) => view.colourBy);
  const choices = [...columns.filter((column) => column.name !== "position"), ...more];
  const colour = choices.find((column) => column.name === shown?.colourName) ?? null;
  const swatch = picture
    ? picture.legend
      ? `conic-gradient(${picture.scene.palette.slice(0, 4).join(", ")})`
      : `linear-gradient(90deg, ${picture.scene.palette.slice(0, -1).join(", ")})`
    : undefined;

  return (
    <div className={styles.panel}>
      <Section title="Colour by">
        <Select
          label="Colour by"
          testId="colour-by"
          value={shown?.colourName ?? null}
          options={inGroups(choices).map(({ name }) => ({
            value: name,
            name: columnTitle(name),
            group: columnGroup(name),
          }))}
          onChange={colourBy}
          swatch={swatch}
          note={
            colour?.legend
              ? `${count(colour.legend.length)} ${/^(label|prediction)$/.test(colour.name) ? "classes" : colour.legend.length === 1 ? "value" : "values"}`
              : colour
                ? "number"
                : undefined
          }
        />
      </Section>
      {shown && picture?.legend ? <CategoryLegend shown={shown} legend={picture.legend} /> : null}
      {shown && picture && !picture.legend && shown.colour ? (
        <NumericLegend shown={shown} picture={picture} />
      ) : null}
      {shown && picture ? <Facets columns={columns} shown={shown} picture={picture} /> : null}
      <Appearance />
    </div>
  );
}

function Appearance() {
  const { look, setLook } = useView();
  const { contours, labels, trails, safe, size, opacity } = look;
  return (
    <Section title="Appearance">
      <div>
        <Switch label="Density contours" checked={contours} onChange={(contours) => setLook({ contours })} />
        <Switch label="Cluster labels" checked={labels} onChange={(labels) => setLook({ labels })} />
        <Switch label="Motion trails" checked={trails} onChange={(trails) => setLook({ trails })} />
        <Switch label="Colour-blind safe" checked={safe} onChange={(safe) => setLook({ safe })} />
        <div className={styles.size}>
          <span>Point size</span>
          <Slider
            label="Point size"
            min={SIZES[0]}
            max={SIZES[1]}
            step={0.1}
            value={[size]}
            onChange={([size]) => setLook({ size })}
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
            onChange={([opacity]) => setLook({ opacity })}
          />
        </div>
      </div>
    </Section>
  );
}
