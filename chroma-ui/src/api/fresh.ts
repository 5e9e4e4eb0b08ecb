/** Requests whose answers must not be older than the moment they were made. */

type Turn = { running: Promise<unknown>; next: Promise<unknown> | null };

const turns = new Map<string, Turn>();

/**
 * Sends the request now, or once more after the one of this name that is running: the answer of that one may be older
 * than the event that caused this call. Calls in the meantime share the next answer. `request` must not reject.
 */
export function requestFresh<T>(name: string, request: () => Promise<T>): Promise<T> {
  const begin = (): Promise<T> => {
    const running = request();
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
