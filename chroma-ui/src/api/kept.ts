type Entry = { answer: Promise<unknown>; bytes: number };

/** Answers that are asked for once, until all of them take more than `most` bytes: then the oldest ones go. */
export function keepAnswers(most: number) {
  const kept = new Map<string, Entry>();
  let total = 0;

  function makeRoom(spared: Entry): void {
    for (const [key, entry] of kept) {
      if (total <= most) return;
      // What is on its way takes no room yet.
      if (entry === spared || entry.bytes === 0) continue;
      kept.delete(key);
      total -= entry.bytes;
    }
  }

  return function once<T>(
    key: string,
    ask: () => Promise<ArrayBuffer>,
    decode: (buffer: ArrayBuffer) => T,
  ): Promise<T> {
    const known = kept.get(key);
    if (known) return known.answer as Promise<T>;
    const entry: Entry = { bytes: 0, answer: Promise.resolve() };
    const answer = ask().then((buffer) => {
      const decoded = decode(buffer);
      entry.bytes = buffer.byteLength;
      total += entry.bytes;
      makeRoom(entry);
      return decoded;
    });
    entry.answer = answer;
    kept.set(key, entry);
    answer.catch(() => kept.delete(key));
    return answer;
  };
}
