import { type ReactNode, useState } from "react";
import { NameForm } from "./NameForm";
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
  const give = (tag: string) => {
    onOpenChange(false);
    onTag(tag);
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
      <NameForm label="New tag" placeholder="New tag, then Enter" maxLength={100} onName={give} />
      {known.map((tag) => (
        <button key={tag} type="button" className={styles.choice} onClick={() => give(tag)}>
          {tag}
        </button>
      ))}
    </Sheet>
  );
}
