/** Pure: a time series as a line in a small box. */

export type Stop = { x: number; y: number };

/** Coordinates of known values in a box; null where a value is missing, so that the line breaks there. */
export function stopsOf(
  values: readonly (number | null)[],
  [low, high]: readonly [number, number],
  width: number,
  height: number,
): (Stop | null)[] {
  const across = Math.max(1, values.length - 1);
  const span = high > low ? high - low : 1;
  return values.map((value, at) =>
    value === null
      ? null
      : {
          x: values.length === 1 ? width / 2 : (at / across) * width,
          y: height - (Math.min(high, Math.max(low, value)) - low) * (height / span),
        },
  );
}

/** An SVG path through the stops, with a gap where one is missing. */
export function brokenLine(stops: readonly (Stop | null)[]): string {
  let path = "";
  let drawing = false;
  for (const stop of stops) {
    if (stop) path += `${drawing ? "L" : "M"}${stop.x.toFixed(1)},${stop.y.toFixed(1)}`;
    drawing = stop !== null;
  }
  return path;
}
