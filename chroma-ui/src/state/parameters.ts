/** Pure: parameters of a layout method, and how the address writes them. */
export type Parameter = { name: string; value: number };
export type Parameters = readonly Parameter[];

/** More are no method's. */
const MOST = 12;

export const writeParameters = (parameters: Parameters): string =>
  parameters.map(({ name, value }) => `${name}:${value}`).join(",");

export function readParameters(text: string | null): Parameters {
  const found = (text ?? "").split(",").flatMap((part) => {
    const [, name, value] = /^([a-z][a-z0-9_]*):(-?\d+(?:\.\d+)?(?:e-?\d+)?)$/.exec(part) ?? [];
    return name ? [{ name, value: Number(value) }] : [];
  });
  return found.slice(0, MOST);
}
