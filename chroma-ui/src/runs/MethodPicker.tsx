import { Popover } from "radix-ui";
import { useState } from "react";
import { useView } from "../state/view";
import { ChevronDown } from "../ui/icons";
import { lazily } from "../ui/lazily";
import styles from "./method.module.css";
import { offeredFor, pickMethod } from "./methods";
import type { RunDetail } from "./run";

const MethodForm = lazily(() => import("./MethodForm"), {
  waiting: <p className={styles.note}>Loading…</p>,
});

type Props = { run: RunDetail; layer: string; split: string };

/** How the film is drawn: the method and its parameters. */
export function MethodPicker({ run, layer, split }: Props) {
  const [open, setOpen] = useState(false);
  const wanted = useView((view) => view.method);
  const parameters = useView((view) => view.parameters);
  const current = pickMethod(run, layer, split, wanted);
  const offered = offeredFor(run, layer, split);
  const method = offered.find(({ name }) => name === current);
  if (!method) return null;
  const chosen = current === wanted ? parameters.filter(({ name }) => isOf(method, name)) : [];
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          className={styles.trigger}
          aria-label={`Projection: ${method.title}`}
          data-testid="method"
          data-value={current ?? undefined}
        >
          {method.title}
          {chosen.length ? <small>{chosen.map(({ value }) => value).join(", ")}</small> : null}
          <ChevronDown size={13} />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.menu}
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Projection"
          data-testid="method-menu"
        >
          <MethodForm offered={offered} current={method} parameters={chosen} onDone={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

const isOf = (method: RunDetail["methods"][number], parameter: string) =>
  method.parameters.some(({ name }) => name === parameter);
