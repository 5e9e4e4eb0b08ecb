/** Pure: ascending whole numbers as short text for the address, encoded by the gaps between them. */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Values of a digit; one that is followed by more of its number adds it. */
const RADIX = 32;

/** null where the text would be longer than `most`. */
export function writeNumbers(numbers: Uint32Array, most: number): string | null {
  let text = "";
  let next = 0;
  for (const number of numbers) {
    let gap = number - next;
    next = number + 1;
    for (; gap >= RADIX; gap = Math.floor(gap / RADIX)) text += DIGITS[RADIX + (gap % RADIX)];
    text += DIGITS[gap];
    if (text.length > most) return null;
  }
  return text;
}

/** null where the text is invalid. */
export function readNumbers(text: string): Uint32Array | null {
  const numbers: number[] = [];
  let [next, gap, weight] = [0, 0, 1];
  for (const letter of text) {
    const digit = DIGITS.indexOf(letter);
    if (digit < 0) return null;
    gap += (digit % RADIX) * weight;
    weight *= RADIX;
    if (digit >= RADIX) continue;
    if (next + gap > 0xffffffff) return null;
    numbers.push(next + gap);
    next += gap + 1;
    [gap, weight] = [0, 1];
  }
  return weight === 1 ? Uint32Array.from(numbers) : null;
}
