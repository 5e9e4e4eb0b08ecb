import type { Shade } from "../lib/useTheme";
import { type Codes, drawnPoints, encodeCategorical } from "../scatter/encode";
import { legendColours, MISSING, rampColours } from "../scatter/palette";
import { encodeScaled, type Scale, type ScaleKind, scaleOf, shapeOf } from "../scatter/scale";
import { type Scene, SHAPES } from "../scatter/types";
import { type Filter, NOT_KNOWN, type Sifted, sift } from "../state/filters";
import { splitNumber } from "../state/sampleKey";
import { noteOf } from "./columns";
import { rarePoints } from "./rare";
import { countCodes, isShare, shareRight, wrongPoints } from "./statistics";
import type { ShownFrame } from "./useShownFrame";

export type LegendEntry = {
  code: number;
  name: string;
  colour: string;
  count: number;
  /** Share of right predictions; null where unknown. */
  right: number | null;
  hidden: boolean;
};

export type Picture = {
  scene: Scene;
  /** null for numeric columns. */
  legend: LegendEntry[] | null;
  /** null for categorical columns. */
  scale: Scale | null;
  title: string;
  classColours: Map<string, string>;
  sifted: Sifted;
  /** 1 for points whose prediction is known to be wrong; null without labels or predictions. */
  wrong: Uint8Array | null;
};

export type PictureOptions = {
  shade: Shade;
  /** Colours that colour-blind people can tell apart. */
  safe: boolean;
  classNames: readonly string[];
  hidden: readonly string[];
  filters: readonly Filter[];
  /** The scale of numbers; by default the one that their shape asks for. */
  scale?: ScaleKind | "auto";
  /** Whether few points stand on top of the others, and larger. */
  rare?: boolean;
  /** Whether points that are filtered out stay visible as grey ground. */
  ground?: boolean;
};

/** Pure: turns a frame and its display options into what the plot draws and the legend lists. */
export function composePicture(shown: ShownFrame, options: PictureOptions): Picture {
  const { points, label, prediction, colour, colourName } = shown;
  const { shade, safe } = options;
  const names = options.classNames.length ? options.classNames : (label?.legend ?? []);
  // Where the server does not know which class is which label, nothing is called right or wrong.
  const compared = noteOf(shown.film, "correct") === null;
  const wrong = compared && label && prediction ? wrongPoints(label, prediction) : null;

  let encoded: Codes = { codes: new Uint16Array(points.n), missing: 1 };
  let palette = [legendColours("label", ["all"], [], shade)[0], MISSING[shade]];
  let legend: LegendEntry[] | null = null;
  let scale: Scale | null = null;

  if (colour?.kind === "categorical" && colourName) {
    const colours = legendColours(colourName, colour.legend, names, shade, safe);
    encoded = encodeCategorical(colour.codes, colour.legend.length);
    palette = [...colours, MISSING[shade]];
    const rated = colourName === "label" || colourName === "prediction";
    const right =
      rated && compared && label && prediction ? shareRight(colour, label, prediction, points.present) : null;
    const counts = countCodes(encoded.codes, points.present, palette.length);
    legend = counts.flatMap((count, code) =>
      code === encoded.missing && count === 0
        ? []
        : [
            {
              code,
              name: colour.legend[code] ?? NOT_KNOWN,
              colour: palette[code],
              count,
              right: right?.[code] ?? null,
              hidden: options.hidden.includes(colour.legend[code] ?? NOT_KNOWN),
            },
          ],
    );
  } else if (colour?.kind === "numeric") {
    scale = scaleFor(shown, options.scale ?? "auto");
    encoded = encodeScaled(colour.values, scale);
    palette = [...rampColours(shade), MISSING[shade]];
  }

  const classes = legendColours("label", names, names, shade, safe);
  const sifted = sift(points.n, shown.columns, options.filters);
  const hidden = new Set((legend ?? []).filter((entry) => entry.hidden).map((entry) => entry.code));
  const drawn = drawnPoints(points, encoded.codes, hidden, sifted.fails);

  const tags = [...shown.columns].flatMap(([name, values]) =>
    name.startsWith("tag:") && values.kind === "categorical" ? [values] : [],
  );
  const lifted = options.rare ? rarePoints({ n: points.n, drawn, colour, wrong, tags }) : null;

  return {
    scene: {
      shapes: shapesOf(shown, drawn.length),
      points,
      codes: encoded.codes,
      palette,
      drawn,
      lifted,
      ground: options.ground && drawn.length < points.presentCount,
      groups: groupsOf(shown, names, shade, safe),
    },
    legend,
    scale,
    title: shown.colourTitle,
    classColours: new Map(names.map((name, i) => [name, classes[i]])),
    sifted,
    wrong,
  };
}

/** More points than this are too small and too close for shapes to be told apart. */
export const MOST_SHAPES = 3_000;

/** Several splits by shape, while it can be seen; not where colours say it. */
function shapesOf({ film, keys, points, colourName }: ShownFrame, drawn: number): Uint8Array | null {
  if (film.splits.length < 2 || !keys || colourName === "split" || drawn > MOST_SHAPES) return null;
  return Uint8Array.from({ length: points.n }, (_, i) => Math.min(SHAPES.frame, splitNumber(keys[i])));
}

/** Shares are linear, other numbers as their shape asks for, unless a person chose. */
function scaleFor({ range, spread, colourName }: ShownFrame, wanted: ScaleKind | "auto"): Scale {
  const span = range ?? ([0, 1] as const);
  const shape = isShare(colourName ?? "") ? "linear" : shapeOf(span, spread);
  return scaleOf(wanted === "auto" ? shape : wanted, span, spread);
}

/**
 * Names and contours group the points by the colour column where that is the prediction or the cluster; else by the
 * label, or by the cluster where there is no label. Numeric labels make no groups.
 */
function groupsOf(shown: ShownFrame, names: readonly string[], shade: Shade, safe: boolean): Scene["groups"] {
  const { label, prediction, cluster, colourName } = shown;
  const column =
    colourName === "cluster"
      ? cluster
      : colourName === "prediction"
        ? (prediction ?? label)
        : (label ?? cluster);
  if (!column) return null;
  return {
    codes: column.codes,
    names: column.legend,
    colours: legendColours(column === cluster ? "cluster" : "label", column.legend, names, shade, safe),
  };
}
