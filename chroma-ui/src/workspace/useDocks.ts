import { useEffect, useMemo, useRef, useState } from "react";
import { placedAt, type Side, sideOf, sized, without } from "../state/layout";
import { useSelection } from "../state/selection";
import { useView } from "../state/view";
import { asChosen, docksOf, type Followed, layoutOf } from "./docks";
import { panelNamed } from "./panels";

const FOLLOWED: readonly string[] = ["sample", "selection", "run"] satisfies Followed[];

/** The panels of each side, and what people do to them. */
export type Docks = ReturnType<typeof useDocks>;

export function useDocks(isFocused: boolean) {
  const chosen = useView((view) => view.layout);
  const opened = useView((view) => view.opened);
  const [followed, setFollowed] = useFollowed(isFocused);
  return useMemo(() => {
    const { openPanel, setLayout } = useView.getState();
    const layout = layoutOf(chosen, opened);
    const bring = (name: string) => {
      const isFollowed = FOLLOWED.includes(name) && sideOf(layout, name) !== null;
      if (isFollowed) setFollowed(name as Followed);
      openPanel(isFollowed ? null : name);
    };
    return {
      layout,
      sides: docksOf(layout, opened, followed),
      bring,
      open: (name: string) => {
        const panel = panelNamed(name);
        if (panel && sideOf(layout, name) === null) setLayout(asChosen(placedAt(layout, name, panel.place)));
        bring(name);
      },
      close: (name: string) =>
        setLayout(
          asChosen(without(layout, name)),
          opened.find((each) => panelNamed(each)?.name === name),
        ),
      move: (name: string, side: Side) => {
        setLayout(asChosen(placedAt(layout, name, side)));
        bring(name);
      },
      resize: (side: Side, size: number | null) => setLayout(asChosen(sized(layout, side, size))),
    };
  }, [chosen, opened, followed, setFollowed]);
}

/** The panel of what was chosen last on the canvas, until a person opens another. */
function useFollowed(isFocused: boolean) {
  const [followed, setFollowed] = useState<Followed>("run");
  const selected = useSelection(({ samples }) => samples.length);
  const unfocused = useRef<Followed>("run");
  unfocused.current = selected ? "selection" : "run";
  useEffect(() => {
    setFollowed(isFocused ? "sample" : unfocused.current);
  }, [isFocused]);
  useEffect(() => {
    if (selected) setFollowed("selection");
    else setFollowed((now) => (now === "selection" ? "run" : now));
  }, [selected]);
  return [followed, setFollowed] as const;
}
