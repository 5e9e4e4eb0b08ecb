import styles from "./LongName.module.css";

/** Letters of a name's end that stay where there is no room for all. */
const END = 8;
/** Shorter names are cut at their end. */
const LONG = 20;

/** A name on one line, cut in its middle: long names that begin alike differ at their ends. */
export function LongName({ name, className = "" }: { name: string; className?: string }) {
  const at = name.length > LONG ? name.length - END : name.length;
  return (
    <span className={`${styles.name} ${className}`}>
      <span className={styles.start}>{name.slice(0, at)}</span>
      {at < name.length ? <span className={styles.end}>{name.slice(at)}</span> : null}
    </span>
  );
}
