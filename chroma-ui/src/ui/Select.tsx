import { Select as Radix } from "radix-ui";
import { useRef } from "react";
import { Check, ChevronDown } from "./icons";
import styles from "./Select.module.css";

type Props<T extends string> = {
  label: string;
  value: T | null;
  /** Options of one group are listed together, under its name. */
  options: readonly { value: T; name: string; title?: string; group?: string }[];
  onChange: (value: T) => void;
  /** Small text at the right of the closed list. */
  note?: string;
  swatch?: string;
  testId?: string;
  compact?: boolean;
};

export function Select<T extends string>(props: Props<T>) {
  const { label, value, options, onChange, note, swatch, testId, compact } = props;
  const byPointer = useRef(false);
  return (
    <Radix.Root value={value ?? ""} onValueChange={(next) => onChange(next as T)}>
      <Radix.Trigger
        className={compact ? `${styles.trigger} ${styles.compact}` : styles.trigger}
        aria-label={label}
        data-testid={testId}
        onPointerDown={() => {
          byPointer.current = true;
        }}
        onKeyDown={() => {
          byPointer.current = false;
        }}
      >
        {swatch ? <span className={styles.swatch} style={{ background: swatch }} /> : null}
        <span className={styles.value}>
          <Radix.Value placeholder="–" />
        </span>
        {note ? <span className={styles.note}>{note}</span> : null}
        <ChevronDown size={14} />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className={styles.list}
          position="popper"
          sideOffset={5}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            // A focused list would take letters as a search among its options; they are the page's shortcuts.
            if (byPointer.current) event.preventDefault();
          }}
        >
          <Radix.Viewport className={styles.viewport}>
            {[...new Set(options.map((option) => option.group))].map((group) => (
              <Radix.Group key={group ?? ""}>
                {group ? <Radix.Label className={styles.group}>{group}</Radix.Label> : null}
                {options
                  .filter((option) => option.group === group)
                  .map((option) => (
                    <Radix.Item
                      key={option.value}
                      value={option.value}
                      className={styles.option}
                      title={option.title}
                      data-value={option.value}
                    >
                      <Radix.ItemText>{option.name}</Radix.ItemText>
                      <Radix.ItemIndicator className={styles.check}>
                        <Check size={14} />
                      </Radix.ItemIndicator>
                    </Radix.Item>
                  ))}
              </Radix.Group>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
