import { useQuery } from "urql";
import { FilmPartnersDocument } from "../api/gql/graphql";
import { count } from "../lib/format";
import { notify } from "../state/notices";
import { useView } from "../state/view";
import { ChevronDown } from "../ui/icons";
import { Segmented } from "../ui/Segmented";
import { Select } from "../ui/Select";
import { Sheet } from "../ui/Sheet";
import styles from "./axis.module.css";

type Props = {
  runId: string;
  layer: string;
  split: string;
  /** Layers that could be frames. */
  layers: number;
  /** Step of the frame shown. */
  step: number | null;
  /** Epochs of this run that have snapshots, ascending. */
  epochs: readonly number[];
};

const LAST = "last";
const CHOICES = [
  { value: "epochs", name: "Epochs", title: "Each frame an epoch of this layer" },
  { value: "layers", name: "Layers", title: "Each frame a layer, at the epoch shown" },
  {
    value: "runs",
    name: "Runs",
    title: "Each frame a run on the same data, at its last epoch or one that is chosen",
  },
] as const;

/** Chooses what the frames of the film run over; over runs also which runs. */
export function AxisPicker({ runId, layer, split, layers, step, epochs }: Props) {
  const over = useView((view) => view.over);
  const mates = useView((view) => view.mates);
  const epoch = useView((view) => view.epoch);
  const { runOver, setEpoch } = useView.getState();
  const [{ data: found, fetching, stale }] = useQuery({
    query: FilmPartnersDocument,
    variables: { runId, layer, split },
    requestPolicy: "cache-and-network",
  });
  // While another run is asked about, the answer is of the one before.
  const data = fetching && !stale ? undefined : found;
  const partners = data?.filmPartners.found ?? [];
  const fit = partners.filter((partner) => partner.refusal === null);

  const choose = (next: (typeof CHOICES)[number]["value"]) => {
    if (next === over) return;
    if (next === "layers" && layers < 2) {
      notify("This run has one layer; a film over layers needs two.");
    } else if (next === "runs" && fit.length === 0) {
      const why = partners[0]?.refusal;
      notify(
        why ? `No other run can join: ${why}.` : "The project has no other run; a film over runs needs two.",
      );
    } else {
      // Over runs the step has no meaning; it is kept, so that going back to epochs shows the same frame.
      runOver(
        next,
        next === "layers" ? step : useView.getState().step,
        fit.map(({ run }) => run.id).reverse(),
      );
    }
  };
  const toggle = (id: string) => {
    const next = mates.includes(id) ? mates.filter((mate) => mate !== id) : [...mates, id];
    if (next.length) runOver("runs", useView.getState().step, next);
  };

  return (
    <>
      <Segmented label="Frames run over" testId="axis" value={over} options={CHOICES} onChange={choose} />
      {over === "runs" ? (
        <Sheet
          label="Runs in the film"
          trigger={
            <button type="button" className={styles.which} data-testid="mates-open">
              {count(mates.length + 1)} runs <ChevronDown size={13} />
            </button>
          }
          className={styles.menu}
          data-testid="mates"
        >
          {partners.map(({ run, refusal }) => (
            <label key={run.id} className={styles.mate} data-refused={refusal !== null || undefined}>
              <input
                type="checkbox"
                checked={mates.includes(run.id)}
                disabled={refusal !== null}
                onChange={() => toggle(run.id)}
              />
              <span>{run.name}</span>
              {refusal ? <small>{refusal}</small> : null}
            </label>
          ))}
          {data && data.filmPartners.of > partners.length ? (
            <small>
              {count(partners.length)} of {count(data.filmPartners.of)} other runs, the newest
            </small>
          ) : null}
        </Sheet>
      ) : null}
      {over === "runs" && epochs.length ? (
        <Select
          label="Epoch of the runs"
          testId="runs-epoch"
          value={epoch === null ? LAST : `${epoch}`}
          options={[
            { value: LAST, name: "last epoch" },
            ...epochs.map((each) => ({ value: `${each}`, name: `epoch ${each}` })),
          ]}
          onChange={(next) => setEpoch(next === LAST ? null : Number(next))}
          compact
        />
      ) : null}
    </>
  );
}
