import { Cross, Plus } from "../ui/icons";
import { TagMenu } from "../ui/TagMenu";
import styles from "./card.module.css";

type Props = {
  run: string;
  tags: readonly string[];
  /** Tags of other runs, to choose from. */
  known: readonly string[];
  onTag: (tag: string) => void;
  onUntag: (tag: string) => void;
};

/** The tags of a run, to add and to remove. */
export function RunTags({ run, tags, known, onTag, onUntag }: Props) {
  return (
    <ul className={styles.tags} aria-label={`Tags of ${run}`}>
      {tags.map((tag) => (
        <li key={tag} className={styles.tag} data-testid="run-tag">
          <span title={tag}>{tag}</span>
          <button type="button" aria-label={`Remove the tag ${tag} from ${run}`} onClick={() => onUntag(tag)}>
            <Cross size={10} />
          </button>
        </li>
      ))}
      <li>
        <TagMenu known={known.filter((tag) => !tags.includes(tag))} align="start" onTag={onTag}>
          <button
            type="button"
            className={styles.addTag}
            aria-label={`Tag ${run}`}
            data-testid="run-tag-open"
          >
            <Plus size={11} /> {tags.length ? null : "tag"}
          </button>
        </TagMenu>
      </li>
    </ul>
  );
}
