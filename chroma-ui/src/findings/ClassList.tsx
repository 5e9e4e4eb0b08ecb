import { type KeyboardEvent, useState } from "react";
import { fitting } from "../palette/commands";
import { classKey } from "./queue";
import styles from "./review.module.css";

type Props = {
  names: readonly string[];
  suggested: string;
  onChoose: (name: string) => void;
  onClose: () => void;
};

/** All classes, to relabel with: typing finds one, enter takes the first. */
export function ClassList({ names, suggested, onChoose, onClose }: Props) {
  const [words, setWords] = useState("");
  const found = fitting(names, words, (name) => name);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    }
    if (event.key === "Enter" && found.length) {
      event.preventDefault();
      onChoose(found[0]);
    }
  };
  return (
    <div className={styles.classes} data-testid="review-classes">
      <input
        // biome-ignore lint/a11y/noAutofocus: a person pressed the key that opens it
        autoFocus
        className={styles.input}
        placeholder="Name of the class, then Enter"
        aria-label="Name of the class"
        value={words}
        onKeyDown={onKeyDown}
        onChange={(event) => setWords(event.target.value)}
      />
      <ul>
        {found.map((name) => (
          <li key={name}>
            <button type="button" onClick={() => onChoose(name)}>
              {name}
              {name === suggested ? <small>suggested</small> : null}
              {classKey(names.indexOf(name)) === null ? null : <kbd>{classKey(names.indexOf(name))}</kbd>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
