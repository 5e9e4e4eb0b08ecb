/** Pure: how points look, and how the address writes it. */

export type Appearance = {
  labels: boolean;
  contours: boolean;
  trails: boolean;
  /** Few points stand on top of the others, and larger. */
  rare: boolean;
  /** What is filtered out stays visible as grey ground. */
  ground: boolean;
  /** Images of points, once few are in view. */
  thumbnails: boolean;
  /** Colours that colour-blind people can tell apart. */
  safe: boolean;
  /** Factors on the size and opacity chosen by the number of points and the zoom. */
  size: number;
  opacity: number;
};

export const PLAIN: Appearance = {
  labels: true,
  contours: true,
  trails: true,
  rare: true,
  ground: true,
  thumbnails: true,
  safe: false,
  size: 1,
  opacity: 1,
};

export const SIZES = [0.5, 2.5] as const;
export const OPACITIES = [0.2, 2] as const;

const SWITCHES = ["labels", "contours", "trails", "rare", "ground", "thumbnails", "safe"] as const;

function factor(text: string | null, [least, most]: readonly [number, number]): number {
  const value = text === null ? 1 : Number(text);
  return value >= least && value <= most ? value : 1;
}

export function readAppearance(query: URLSearchParams): Appearance {
  const appearance = {
    ...PLAIN,
    size: factor(query.get("size"), SIZES),
    opacity: factor(query.get("opacity"), OPACITIES),
  };
  for (const name of SWITCHES) {
    const said = query.get(name);
    if (said === "on" || said === "off") appearance[name] = said === "on";
  }
  return appearance;
}

/** Adds what differs from the default. */
export function writeAppearance(appearance: Appearance, query: URLSearchParams): void {
  for (const name of SWITCHES)
    if (appearance[name] !== PLAIN[name]) query.set(name, appearance[name] ? "on" : "off");
  if (appearance.size !== 1) query.set("size", String(+appearance.size.toFixed(2)));
  if (appearance.opacity !== 1) query.set("opacity", String(+appearance.opacity.toFixed(2)));
}
