import { type FormEvent, type ReactNode, useState } from "react";
import { Sheet } from "./Sheet";
import styles from "./TagMenu.module.css";

type Props = {
  /** The button that opens it. */
  children: ReactNode;
  /** Tags to choose from. */
  known: readonly string[];
  align?: "start" | "center";
  /** Whether it is open, and what changes that; without them it keeps that itself. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  onTag: (tag: string) => void;
};

/** A menu to choose a tag, or to enter a new one. */
export function TagMenu({ children, known, align = "center", ...given }: Props) {
  const [own, setOwn] = useState(false);
  const { open = own, onOpenChange = setOwn, onTag } = given;
  const [name, setName] = useState("");
  const give = (tag: string) => {
    onOpenChange(false);
    setName("");
    onTag(tag);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) give(name.trim());
  };
  return (
    <Sheet
      open={open}
      onOpenChange={onOpenChange}
      label="Tags"
      trigger={children}
      className={styles.menu}
      align={align}
    >
      <form onSubmit={submit}>
        <input
          className={styles.input}
          placeholder="New tag, then Enter"
          aria-label="New tag"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </form>
      {known.map((tag) => (
        <button key={tag} type="button" className={styles.choice} onClick={() => give(tag)}>
          {tag}
        </button>
      ))}
    </Sheet>
  );
}
