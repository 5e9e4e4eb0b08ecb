import { Popover } from "radix-ui";
import { type FormEvent, useState } from "react";
import { Cross, Plus } from "../ui/icons";
import styles from "./shelf.module.css";

type Props = {
  run: string;
  tags: readonly string[];
  /** Tags of other runs, to choose from. */
  known: readonly string[];
  onTag: (tag: string) => void;
  onUntag: (tag: string) => void;
};

/** The tags of a run; one more by name, or one less. */
export function RunTags({ run, tags, known, onTag, onUntag }: Props) {
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const others = known.filter((tag) => !tags.includes(tag));
  const give = (tag: string) => {
    setNaming(false);
    setName("");
    onTag(tag);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) give(name.trim());
  };
  return (
    <ul className={styles.tags} aria-label={`Tags of ${run}`}>
      {tags.map((tag) => (
        <li key={tag} className={styles.tag} data-testid="run-tag">
          <span title={tag}>{tag}</span>
          <button type="button" aria-label={`Take the tag ${tag} off ${run}`} onClick={() => onUntag(tag)}>
            <Cross size={10} />
          </button>
        </li>
      ))}
      <li>
        <Popover.Root open={naming} onOpenChange={setNaming}>
          <Popover.Trigger className={styles.addTag} aria-label={`Tag ${run}`} data-testid="run-tag-open">
            <Plus size={11} /> {tags.length ? null : "tag"}
          </Popover.Trigger>
          <Popover.Portal>
            <Popover.Content className={styles.menu} align="start" sideOffset={6} collisionPadding={8}>
              <form onSubmit={submit}>
                <input
                  placeholder="New tag, then Enter"
                  aria-label="New tag"
                  maxLength={100}
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                />
              </form>
              {others.map((tag) => (
                <button key={tag} type="button" onClick={() => give(tag)}>
                  {tag}
                </button>
              ))}
            </Popover.Content>
          </Popover.Portal>
        </Popover.Root>
      </li>
    </ul>
  );
}
