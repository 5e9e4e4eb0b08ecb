/** Pure: what people type for the parameters of a layout method. */
import type { Parameters } from "../state/parameters";
import type { Offered } from "./methods";

type Parameter = Offered["parameters"][number];

/** What is wrong with a text, in a sentence that says what to give; null: nothing. */
export function problemOf({ low, high, whole }: Parameter, text: string): string | null {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = Number.isFinite(value) && value >= low && value <= high && (!whole || Number.isInteger(value));
  return fits ? null : `Give ${whole ? "a whole number" : "a number"} from ${low} to ${high}`;
}

/** The values that differ from the defaults; null where one is wrong. */
export function valuesOf(
  { parameters }: Offered,
  texts: Readonly<Record<string, string>>,
): Parameters | null {
  if (parameters.some((parameter) => problemOf(parameter, texts[parameter.name] ?? "") !== null)) return null;
  return parameters
    .map(({ name, default: usual }) => ({ name, value: Number(texts[name]), usual }))
    .filter(({ value, usual }) => value !== usual)
    .map(({ name, value }) => ({ name, value }));
}
