import { useEffect, useRef } from "react";

/** Widgets that use these keys themselves. */
const HELD = "input:not([type=range]), textarea, select, [contenteditable], [role=listbox], [role=dialog]";
const BUSY = `${HELD}, [role=tab]`;
const OWN_ARROWS = "[role=slider]:not([data-testid=timeline-slider])";
const OWN_SPACE = "button, a";

/** `KeyboardEvent.key` (letters in lower case; before it `shift+` where that is another key, `mod+` or `mod+shift+` for Ctrl or ⌘), and what it does. */
export type Key = readonly [name: string, act: () => void];

/** Keyboard shortcuts of the page; a focused widget keeps its own keys. Those that come `first` go before all others. */
export function useKeys(keys: readonly Key[], first = false): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return;
      if (event.ctrlKey || event.metaKey) {
        // Within a text field undo and select all are the field's own.
        const name = `mod+${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
        const found = latest.current.find(([key]) => key === name);
        if (!found || (/\+[az]$/.test(name) && event.target instanceof Element && event.target.closest(HELD)))
          return;
        event.preventDefault();
        found[1]();
        return;
      }
      const at = event.target instanceof Element ? event.target : null;
      // F6 leads out of whatever has the focus.
      if (event.key !== "F6" && at?.closest(BUSY)) return;
      if (event.key.startsWith("Arrow") && at?.closest(OWN_ARROWS)) return;
      if (event.key === " " && at?.closest(OWN_SPACE)) return;
      const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const shifted = `shift+${plain}`;
      const held = event.shiftKey && latest.current.some(([key]) => key === shifted);
      const name = held ? shifted : plain;
      const found = latest.current.find(([key]) => key === name);
      if (!found) return;
      event.preventDefault();
      found[1]();
    };
    // A clicked button or tab gives up the focus, so that keys are still the page's.
    const onClick = (event: MouseEvent) => {
      const at = document.activeElement;
      if (event.detail > 0 && at instanceof HTMLButtonElement && !at.closest(HELD)) at.blur();
    };
    window.addEventListener("keydown", onKey, { capture: first });
    window.addEventListener("click", onClick);
    return () => {
      window.removeEventListener("keydown", onKey, { capture: first });
      window.removeEventListener("click", onClick);
    };
  }, [first]);
}
