import { Popover } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { usePreferences } from "../state/preferences";
import { Button } from "../ui/Button";
import { HINTS } from "./hints";
import styles from "./tour.module.css";

const LOOK_MS = 400;

/** An element as far as it can be seen. */
function boxOf(target: string): DOMRect | null {
  const box = document.querySelector(target)?.getBoundingClientRect();
  return box && box.width > 0 && box.right > 0 && box.left < window.innerWidth ? box : null;
}

/** Hints beside what they speak of, one by one; once it is left it does not come again. */
export default function Tour() {
  const [at, setAt] = useState<number | null>(null);
  const [box, setBox] = useState<DOMRect | null>(null);
  const leave = () => usePreferences.getState().set({ toured: true });
  const hint = at === null ? null : HINTS[at];

  useEffect(() => {
    // What a hint speaks of comes with the film, and moves with the window.
    const look = () => {
      if (at === null) {
        if (HINTS.every(({ target }) => boxOf(target))) setAt(0);
        return;
      }
      const next = boxOf(HINTS[at].target);
      setBox((before) =>
        before &&
        next &&
        (["x", "y", "width", "height"] as const).every((side) => before[side] === next[side])
          ? before
          : next,
      );
    };
    look();
    const timer = window.setInterval(look, LOOK_MS);
    return () => window.clearInterval(timer);
  }, [at]);

  const anchor = useRef({ getBoundingClientRect: () => new DOMRect() });
  if (!hint || !box || at === null) return null;
  // Beside a large area the hint stands within it.
  const large = box.width > 400 && box.height > 300;
  const spot = large ? new DOMRect(box.x + box.width / 2, box.y + box.height / 3, 1, 1) : box;
  anchor.current.getBoundingClientRect = () => spot;
  const last = at === HINTS.length - 1;
  return (
    <>
      {large ? null : (
        <div
          className={styles.ring}
          style={{ left: box.x - 4, top: box.y - 4, width: box.width + 8, height: box.height + 8 }}
          aria-hidden="true"
        />
      )}
      <Popover.Root key={at} open>
        <Popover.Anchor virtualRef={anchor} />
        <Popover.Portal>
          <Popover.Content
            className={styles.hint}
            sideOffset={12}
            collisionPadding={10}
            aria-label={`Hint ${at + 1} of ${HINTS.length}: ${hint.title}`}
            data-testid="hint"
            // The keys stay the page's.
            onOpenAutoFocus={(event) => event.preventDefault()}
            onCloseAutoFocus={(event) => event.preventDefault()}
            onInteractOutside={(event) => event.preventDefault()}
            onEscapeKeyDown={leave}
          >
            <p className={styles.place}>
              {at + 1} of {HINTS.length}
            </p>
            <h2>{hint.title}</h2>
            <p>{hint.text}</p>
            <div className={styles.acts}>
              {last ? null : (
                <Button look="quiet" onClick={leave} data-testid="hint-leave">
                  No more hints
                </Button>
              )}
              <Button look="accent" onClick={() => (last ? leave() : setAt(at + 1))} data-testid="hint-next">
                {last ? "Done" : "Next"}
              </Button>
            </div>
            <Popover.Arrow className={styles.arrow} />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </>
  );
}
