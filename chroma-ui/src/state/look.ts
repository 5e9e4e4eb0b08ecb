/** Pure: how points look, and how the address writes it. */

export type Look = {
  labels: boolean;
  contours: boolean;
  trails: boolean;
  /** Colours that colour-blind people can tell apart. */
  safe: boolean;
  /** Factors on the size and opacity chosen by the number of points and the zoom. */
  size: number;
  opacity: number;
};

export const PLAIN: Look = { labels: true, contours: true, trails: true, safe: false, size: 1, opacity: 1 };

export const SIZES = [0.5, 2.5] as const;
export const OPACITIES = [0.2, 2] as const;

const SWITCHES = ["labels", "contours", "trails", "safe"] as const;

function factor(text: string | null, [least, most]: readonly [number, number]): number {
  const value = text === null ? 1 : Number(text);
  return value >= least && value <= most ? value : 1;
}

export function readLook(query: URLSearchParams): Look {
  const look = {
    ...PLAIN,
    size: factor(query.get("size"), SIZES),
    opacity: factor(query.get("opacity"), OPACITIES),
  };
  for (const name of SWITCHES) {
    const said = query.get(name);
    if (said === "on" || said === "off") look[name] = said === "on";
  }
  return look;
}

/** Adds what differs from the default. */
export function writeLook(look: Look, query: URLSearchParams): void {
  for (const name of SWITCHES) if (look[name] !== PLAIN[name]) query.set(name, look[name] ? "on" : "off");
  if (look.size !== 1) query.set("size", String(+look.size.toFixed(2)));
  if (look.opacity !== 1) query.set("opacity", String(+look.opacity.toFixed(2)));
}
