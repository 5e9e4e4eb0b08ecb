import { ToggleGroup } from "radix-ui";
import styles from "./Segmented.module.css";
import { Select } from "./Select";

type Props<T extends string> = {
  label: string;
  value: T | null;
  options: readonly { value: T; name: string; title?: string }[];
  onChange: (value: T) => void;
  testId?: string;
  /** Options longer than this many characters together become a list. */
  room?: number;
};

/** A row of choices, or a list where the row would not fit. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
  testId,
  room = 44,
}: Props<T>) {
  const characters = options.reduce((sum, option) => sum + option.name.length + 3, 0);
  if (options.length > 5 || characters > room) {
    return (
      <Select label={label} value={value} options={options} onChange={onChange} testId={testId} compact />
    );
  }
  return (
    <ToggleGroup.Root
      type="single"
      // The arrow keys move through the film.
      rovingFocus={false}
      className={styles.row}
      aria-label={label}
      value={value ?? ""}
      onValueChange={(next: string) => {
        if (next) onChange(next as T);
      }}
      data-testid={testId}
    >
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          className={styles.choice}
          title={option.title}
          data-value={option.value}
        >
          {option.name}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
