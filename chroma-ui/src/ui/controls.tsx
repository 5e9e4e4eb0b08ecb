import { Slider as RadixSlider, Switch as RadixSwitch } from "radix-ui";
import { type ReactNode, useId } from "react";
import styles from "./controls.module.css";

export function Switch(props: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  const id = useId();
  return (
    <div className={styles.line}>
      <label htmlFor={id}>{props.label}</label>
      <RadixSwitch.Root
        id={id}
        className={styles.switch}
        checked={props.checked}
        onCheckedChange={props.onChange}
      >
        <RadixSwitch.Thumb className={styles.knob} />
      </RadixSwitch.Root>
    </div>
  );
}

type SliderProps = {
  label: string;
  min: number;
  max: number;
  step: number;
  /** One value, or the two ends of a range. */
  value: number[];
  onChange: (value: number[]) => void;
  /** A value in words, where the number does not say it. */
  textOf?: (value: number) => string;
};

export function Slider({ label, value, onChange, textOf, ...range }: SliderProps) {
  return (
    <RadixSlider.Root className={styles.slider} value={value} onValueChange={onChange} {...range}>
      <RadixSlider.Track className={styles.track}>
        <RadixSlider.Range className={styles.fill} />
      </RadixSlider.Track>
      {value.map((at, end) => (
        <RadixSlider.Thumb
          // biome-ignore lint/suspicious/noArrayIndexKey: the ends of a range keep their order
          key={end}
          className={styles.thumb}
          aria-valuetext={textOf?.(at)}
          aria-label={value.length > 1 ? `${label}, ${end === 0 ? "lowest" : "highest"}` : label}
        />
      ))}
    </RadixSlider.Root>
  );
}

export function Section(props: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <header className={styles.header}>
        <h2 className={styles.title}>{props.title}</h2>
        {props.note ? <span className={styles.note}>{props.note}</span> : null}
      </header>
      {props.children}
    </section>
  );
}
