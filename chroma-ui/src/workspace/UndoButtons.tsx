import { useKeys } from "../lib/useKeys";
import { notify } from "../state/notices";
import { redo, undo, useSteps } from "../state/steps";
import { IconButton } from "../ui/Button";
import { Redo, Undo } from "../ui/icons";
import styles from "./docks.module.css";

/** Undo and redo, saying what: what changed may be out of sight. */
async function say(way: "undo" | "redo"): Promise<void> {
  const { done, undone } = useSteps.getState();
  const from = way === "undo" ? done : undone;
  const step = from[from.length - 1];
  if (!step) return notify(way === "undo" ? "There is nothing to undo." : "There is nothing to redo.");
  const isDone = await (way === "undo" ? undo() : redo());
  if (isDone) notify(`${way === "undo" ? "Undone" : "Done again"}: ${step.what}.`);
}

export function useUndoKeys(): void {
  useKeys([
    ["mod+z", () => void say("undo")],
    ["mod+shift+z", () => void say("redo")],
  ]);
}

export function UndoButtons() {
  const undoable = useSteps(({ done }) => done[done.length - 1]?.what ?? null);
  const redoable = useSteps(({ undone }) => undone[undone.length - 1]?.what ?? null);
  return (
    <span className={styles.undo}>
      <IconButton
        label={undoable ? `Undo ${undoable}` : "Undo"}
        hint="⌘Z"
        disabled={!undoable}
        data-testid="undo"
        onClick={() => void say("undo")}
      >
        <Undo />
      </IconButton>
      <IconButton
        label={redoable ? `Redo ${redoable}` : "Redo"}
        hint="⇧⌘Z"
        disabled={!redoable}
        data-testid="redo"
        onClick={() => void say("redo")}
      >
        <Redo />
      </IconButton>
    </span>
  );
}
