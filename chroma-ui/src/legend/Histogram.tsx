import styles from "./legend.module.css";

type Props = { counts: readonly number[]; colourOf: (bin: number) => string; label: string };

/** Bars of equal width on a square-root scale, so that rare values are visible beside common ones. */
export function Histogram({ counts, colourOf, label }: Props) {
  const most = Math.sqrt(Math.max(1, ...counts));
  return (
    <div className={styles.histogram} role="img" aria-label={label}>
      {counts.map((points, bin) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: bins keep their order
          key={bin}
          style={{
            height: points ? `${Math.max(4, (100 * Math.sqrt(points)) / most)}%` : "1px",
            background: colourOf(bin),
          }}
        />
      ))}
    </div>
  );
}
