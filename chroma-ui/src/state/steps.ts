/** What a person did that can be undone and done again: tags, filters, selections, layout. */
import { create } from "zustand";
import { notify } from "./notices";
import type { SelectorStore } from "./selectorStore";

export type Step = {
  /** What was done, as a sentence continues: "the filter on label". */
  what: string;
  /** Rejects where it failed, with the reason. */
  undo: () => void | Promise<void>;
  redo: () => void | Promise<void>;
};

type Steps = { done: readonly Step[]; undone: readonly Step[] };

/** Steps that are remembered; a selection of a million samples takes 4 MB. */
const MOST = 50;
/** Changes of the same thing within this time are one step: dragging a range, clicking names. */
const TOGETHER_MS = 1_000;

const useStore = create<Steps>()(() => ({ done: [], undone: [] }));
export const useSteps: SelectorStore<Steps> = useStore;

let quiet = 0;
let last = { kind: "", at: Number.NEGATIVE_INFINITY };

/** Whether what changes now is no step of its own. */
export const isQuiet = (): boolean => quiet > 0;

/** Changes something without a step. */
export function quietly(act: () => void): void {
  quiet++;
  try {
    act();
  } finally {
    quiet--;
  }
}

/** Remembers a step; one of the same kind as the last, soon after it, is a part of that. */
export function record(step: Step, kind = ""): void {
  if (isQuiet()) return;
  const now = performance.now();
  const together = kind !== "" && kind === last.kind && now - last.at < TOGETHER_MS;
  last = { kind, at: now };
  useStore.setState(({ done }) => {
    const before = together ? done[done.length - 1] : undefined;
    if (!before) return { done: [...done, step].slice(-MOST), undone: [] };
    return { done: [...done.slice(0, -1), { ...step, undo: before.undo }], undone: [] };
  });
}

/** Another run, split or link: what was done before belongs to what is no longer shown. */
export function forgetSteps(): void {
  last = { kind: "", at: Number.NEGATIVE_INFINITY };
  const { done, undone } = useStore.getState();
  if (done.length || undone.length) useStore.setState({ done: [], undone: [] });
}

async function take(step: Step, way: "undo" | "redo"): Promise<boolean> {
  try {
    const working: (void | Promise<void>)[] = [];
    quietly(() => working.push(step[way]()));
    await working[0];
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    notify(`${way === "undo" ? "Undo" : "Redo"} failed: ${why}.`);
    return false;
  }
}

/** Takes the last step back, or the one given; false where it failed or there is none. */
export async function undo(given?: Step): Promise<boolean> {
  const { done } = useStore.getState();
  const step = given ?? done[done.length - 1];
  if (!step || !done.includes(step)) return false;
  last = { kind: "", at: Number.NEGATIVE_INFINITY };
  useStore.setState(({ done, undone }) => ({
    done: done.filter((other) => other !== step),
    undone: [...undone, step],
  }));
  return take(step, "undo");
}

export async function redo(): Promise<boolean> {
  const { undone } = useStore.getState();
  const step = undone[undone.length - 1];
  if (!step) return false;
  useStore.setState(({ done, undone }) => ({ done: [...done, step], undone: undone.slice(0, -1) }));
  return take(step, "redo");
}

/** Says that the last step was done, with a button that takes it back. */
export function notifyUndoable(text: string): void {
  const { done } = useStore.getState();
  const step = done[done.length - 1];
  if (step) notify(text, { label: "Undo", run: () => void undo(step) });
}
