/** Questions whose answers must not be older than their asking. */

type Turn = { running: Promise<unknown>; next: Promise<unknown> | null };

const turns = new Map<string, Turn>();

/**
 * Asks now, or once more after the question of this name that is under way: its answer may be older than what has just
 * been told. Whoever asks meanwhile shares that next answer. `question` does not reject.
 */
export function askFresh<T>(name: string, question: () => Promise<T>): Promise<T> {
  const begin = (): Promise<T> => {
    const running = question();
    const turn: Turn = { running, next: null };
    turns.set(name, turn);
    void running.then(() => {
      if (turn.next === null) turns.delete(name);
    });
    return running;
  };
  const turn = turns.get(name);
  if (!turn) return begin();
  turn.next ??= turn.running.then(begin);
  return turn.next as Promise<T>;
}
