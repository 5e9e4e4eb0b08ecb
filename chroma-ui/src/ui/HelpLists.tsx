import styles from "./Help.module.css";

const KEYS: readonly (readonly [string, string])[] = [
  ["space", "play or pause the film"],
  ["← →", "previous or next frame"],
  ["home end", "first or last frame"],
  ["tab to the points", "arrows go from point to point, enter selects; in 3-D arrows turn"],
  ["N ⇧N", "next or previous sample: of the selected ones, else of all"],
  ["G", "tag the selected samples, or the one in focus"],
  ["⌘A ctrl-A", "select all points that are drawn"],
  ["F6 ⇧F6", "next or previous part of the page"],
  ["F", "fit the film into the view"],
  ["V L B", "move the view, lasso, box"],
  ["⌘K ctrl-K /", "search samples, commands and runs"],
  ["P", "panels: open, close, move; layouts"],
  ["⌘Z ⇧⌘Z", "undo, redo: tags, filters, selection, layout"],
  ["T", "trails of the selected samples"],
  ["D", "dark or light"],
  ["esc", "clear the focus, then the selection"],
  ["?", "this help"],
];

const PAGES: readonly (readonly [string, string])[] = [
  ["runs: arrows", "from run to run; enter opens"],
  ["runs: X R del", "choose, rename, delete the run"],
  ["review: R C S U", "suggested label, label is right, skip, undo"],
  ["review: M 0–9 J K", "choose a class, next, previous"],
  ["side by side: ← →", "previous or next frame in all panes"],
];

const GESTURES: readonly (readonly [string, string])[] = [
  ["drag", "move the view"],
  ["wheel", "zoom"],
  ["hover", "see what a point is"],
  ["shift-drag", "add to the selection"],
  ["alt-drag", "take from the selection"],
  ["click", "focus a sample; its neighbours can be clicked too"],
  ["legend: click", "hide or show a class"],
  ["legend: double-click", "show only one class"],
];

export default function HelpLists() {
  return (
    <div className={styles.columns}>
      {[KEYS, PAGES, GESTURES].map((list) => (
        <dl key={list[0][0]} className={styles.list}>
          {list.map(([key, meaning]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      ))}
    </div>
  );
}
