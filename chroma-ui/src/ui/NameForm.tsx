import { type FormEvent, useState } from "react";
import { Button } from "./Button";
import styles from "./NameForm.module.css";

type Props = {
  /** What is named, for screen readers. */
  label: string;
  placeholder?: string;
  maxLength: number;
  /** Without a button, Enter alone hands the name over. */
  button?: boolean;
  className?: string;
  /** Is given the name without spaces at its ends; the field stays as it is where it answers false. */
  onName: (name: string) => unknown;
};

/** A field for a new name. */
export function NameForm({ label, placeholder = label, maxLength, button, className = "", onName }: Props) {
  const [name, setName] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() && (await onName(name.trim())) !== false) setName("");
  };
  return (
    <form className={`${styles.form} ${className}`} onSubmit={(event) => void submit(event)}>
      <input
        className={styles.input}
        placeholder={placeholder}
        aria-label={label}
        maxLength={maxLength}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {button ? (
        <Button look="accent" type="submit" disabled={!name.trim()}>
          Save
        </Button>
      ) : null}
    </form>
  );
}
