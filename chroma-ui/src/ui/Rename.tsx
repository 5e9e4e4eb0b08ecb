import { type FormEvent, useState } from "react";
import { IconButton } from "./Button";
import { Check } from "./icons";
import styles from "./Rename.module.css";

/** A field to change a name: Enter saves it, Escape leaves it unchanged. */
export function Rename(props: { name: string; onDone: (name: string) => void; onCancel: () => void }) {
  const [name, setName] = useState(props.name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = name.trim();
    if (trimmed && trimmed !== props.name) props.onDone(trimmed);
    else props.onCancel();
  };
  return (
    <form className={styles.rename} onSubmit={submit}>
      <input
        aria-label="New name"
        value={name}
        maxLength={200}
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to type here
        autoFocus
        onFocus={(event) => event.target.select()}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          props.onCancel();
        }}
      />
      <IconButton label="Save this name" type="submit">
        <Check size={14} />
      </IconButton>
    </form>
  );
}
