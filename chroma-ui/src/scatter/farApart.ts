/** Pure: any number of colours, each as far from those before as the screen allows. */
import { distance, hexToLab, type Lab, labOf, labToHex } from "./oklab";

const CHROMAS = [0.06, 0.1, 0.14, 0.18];
const HUE_STEP = 6;
/** Neighbours in a legend differ at least so much, in OKLab. */
const NEIGHBOURS = 0.09;

type Candidate = { hex: string; place: Lab; away: number };

const made = new Map<readonly string[], { colours: string[]; left: Candidate[] }>();

function candidatesBeside(first: readonly string[], lightness: readonly number[]): Candidate[] {
  const taken = first.map(hexToLab);
  const found: Candidate[] = [];
  for (const light of lightness) {
    for (const chroma of CHROMAS) {
      for (let hue = 0; hue < 360; hue += HUE_STEP) {
        const place = labOf(light, chroma, hue);
        const hex = labToHex(place);
        if (hex) found.push({ hex, place, away: Math.min(...taken.map((other) => distance(place, other))) });
      }
    }
  }
  return found;
}

/** The colour of a place in a list that begins with `first`; where no more can be told apart, it begins again. */
export function farApart(first: readonly string[], lightness: readonly number[], index: number): string {
  if (index < first.length) return first[index];
  let list = made.get(first);
  if (!list) {
    list = { colours: [...first], left: candidatesBeside(first, lightness) };
    made.set(first, list);
  }
  const { colours, left } = list;
  while (colours.length <= index && left.length > 0) {
    const before = hexToLab(colours[colours.length - 1]);
    let best = 0;
    let most = -1;
    left.forEach(({ place, away }, at) => {
      const worth = distance(place, before) < NEIGHBOURS ? away / 1000 : away;
      if (worth > most) [best, most] = [at, worth];
    });
    const [chosen] = left.splice(best, 1);
    colours.push(chosen.hex);
    for (const other of left) other.away = Math.min(other.away, distance(other.place, chosen.place));
  }
  return colours[index % colours.length];
}
