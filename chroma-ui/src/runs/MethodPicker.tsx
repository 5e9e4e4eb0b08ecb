import { useState } from "react";
import { useView } from "../state/view";
import { ChevronDown } from "../ui/icons";
import { lazily } from "../ui/lazily";
import { Sheet } from "../ui/Sheet";
import styles from "./method.module.css";
import { offeredFor, pickMethod } from "./methods";
import type { RunDetail } from "./run";

const MethodForm = lazily(() => import("./MethodForm"), {
  waiting: <p className={styles.note}>Loading…</p>,
});

type Props = { run: RunDetail; layer: string; split: string };

/** How the film is drawn: the method, its parameters, and one frame in three dimensions. */
export function MethodPicker({ run, layer, split }: Props) {
  const [open, setOpen] = useState(false);
  const wanted = useView((view) => view.method);
  const parameters = useView((view) => view.parameters);
  const orbit = useView((view) => view.orbit);
  const current = pickMethod(run, layer, split, wanted);
  const offered = offeredFor(run, layer, split);
  const method = offered.find(({ name }) => name === current);
  if (!method) return null;
  const chosen = current === wanted ? parameters.filter(({ name }) => isOf(method, name)) : [];
  const text =
    orbit === null
      ? [method.title, ...chosen.map(({ value }) => `${value}`)].join(" ")
      : `${orbit.toUpperCase()} in 3-D`;
  return (
    <Sheet
      open={open}
      onOpenChange={setOpen}
      label="Projection"
      trigger={
        <button
          type="button"
          className={styles.trigger}
          aria-label={`Projection: ${text}`}
          data-testid="method"
          data-value={current ?? undefined}
        >
          <span>{text}</span>
          <ChevronDown size={13} />
        </button>
      }
      className={styles.menu}
      data-testid="method-menu"
    >
      <MethodForm offered={offered} current={method} parameters={chosen} onDone={() => setOpen(false)} />
    </Sheet>
  );
}

const isOf = (method: RunDetail["methods"][number], parameter: string) =>
  method.parameters.some(({ name }) => name === parameter);
