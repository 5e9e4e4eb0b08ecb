import { useState } from "react";
import { useQuery } from "urql";
import { type Outcome, OutcomesDocument } from "../api/gql/graphql";
import { count, decimal, percent } from "../lib/format";
import { useSelection } from "../state/selection";
import { Section } from "../ui/controls";
import { Facts } from "../ui/Facts";
import { Select } from "../ui/Select";
import { OutcomeList } from "./OutcomeList";
import styles from "./outcomes.module.css";
import { letterOf } from "./PaneHead";
import type { PaneLive } from "./store";
import { useOutcomeSamples } from "./useOutcomeSamples";

type Props = {
  one: PaneLive;
  lives: readonly PaneLive[];
  against: number;
  onAgainst: (pane: number) => void;
};

const MOST_CLASSES = 20;

/** A share as a difference, with its sign. */
const points = (share: number): string => `${share < 0 ? "−" : "+"}${(100 * Math.abs(share)).toFixed(1)}`;

/** What two runs predict for the same samples: what the second one mended, broke, and what both get wrong. */
export function Outcomes({ one, lives, against, onAgainst }: Props) {
  const [chosen, setChosen] = useState<Outcome | null>(null);
  const two = lives[against] ?? null;
  const [first, second, split] = [one.run?.id ?? "", two?.run?.id ?? "", one.split?.name ?? ""];
  const variables = { first, second, split };
  const take = useOutcomeSamples(variables);
  const same = first === second;
  const [{ data, error, fetching, stale }] = useQuery({
    query: OutcomesDocument,
    variables,
    pause: !first || !second || !split || same,
    requestPolicy: "cache-and-network",
  });
  const found = fetching && !stale ? null : (data?.outcomes ?? null);
  const letter = letterOf(against);

  const select = async (outcome: Outcome) => {
    setChosen(outcome);
    const positions = await take(outcome);
    if (positions) useSelection.getState().select(positions, "replace", true);
  };

  if (same)
    return <p className={styles.note}>Both panes show the same run: choose another run for pane {letter}.</p>;
  if (error) return <p className={styles.note}>{error.graphQLErrors[0]?.message ?? error.message}</p>;
  if (!found) return <p className={styles.note}>…</p>;
  if (found.refusal !== null || found.difference === null) {
    return (
      <p className={styles.note} data-testid="outcomes-refused">
        {found.refusal ?? "No sample has a label and predictions of both runs."}
      </p>
    );
  }
  const groups: readonly { outcome: Outcome; title: string; n: number }[] = [
    { outcome: "MENDED", title: `Right only in ${letter}`, n: found.mended },
    { outcome: "BROKEN", title: "Right only in A", n: found.broken },
    { outcome: "BOTH_WRONG", title: "Wrong in both", n: found.bothWrong },
  ];
  const isSure = found.pValue !== null && found.pValue < 0.05;
  return (
    <div className={styles.outcomes} data-testid="outcomes">
      {lives.length > 2 ? (
        <Select
          label="Compare pane A with"
          value={`${against}`}
          options={lives.slice(1).map((_, at) => ({ value: `${at + 1}`, name: `A and ${letterOf(at + 1)}` }))}
          onChange={(pane) => onAgainst(Number(pane))}
          compact
        />
      ) : null}
      <div>
        <p
          className={styles.difference}
          data-better={found.difference > 0 || undefined}
          data-sure={isSure || undefined}
        >
          <b data-testid="outcomes-difference">{points(found.difference)}</b> points of accuracy from A to{" "}
          {letter}
        </p>
        <p className={styles.note} data-testid="outcomes-interval">
          {found.low !== null && found.high !== null
            ? `95% interval ${points(found.low)} to ${points(found.high)}`
            : "No interval is known"}
          {found.pValue === null ? "" : `, p = ${decimal(found.pValue)} (exact McNemar test)`}
          {isSure ? "" : ": chance alone would explain it"}
        </p>
      </div>
      <ul className={styles.groups}>
        {groups.map(({ outcome, title, n }) => (
          <li key={outcome}>
            <button
              type="button"
              data-testid="outcome"
              data-outcome={outcome}
              aria-pressed={chosen === outcome}
              disabled={n === 0}
              title="Select them in all panes"
              onClick={() => void select(outcome)}
            >
              <span>{title}</span>
              <b>{count(n)}</b>
            </button>
          </li>
        ))}
      </ul>
      {chosen ? (
        <OutcomeList
          key={`${chosen} ${first} ${second} ${split}`}
          of={variables}
          outcome={chosen}
          n={groups.find(({ outcome }) => outcome === chosen)?.n ?? 0}
        />
      ) : null}
      <Facts
        facts={[
          ["right in both", count(found.bothRight)],
          ["compared", `${count(found.shared)} samples of ${split}, last predictions`],
        ]}
      />
      {found.labelsDiffer ? (
        <p className={styles.note}>
          {count(found.labelsDiffer)} samples have another label in {letter}, which counts.
        </p>
      ) : null}
      {found.classes.length ? (
        <Section title="By class" note={`accuracy A → ${letter}, change · gained · lost · of`}>
          <ul className={styles.classes} data-testid="outcome-classes">
            {found.classes.slice(0, MOST_CLASSES).map((each) => (
              <ClassLine key={each.name} {...each} />
            ))}
          </ul>
          {found.classes.length > MOST_CLASSES ? (
            <p className={styles.note}>
              {MOST_CLASSES} of {count(found.classes.length)} classes, those with most changes
            </p>
          ) : null}
        </Section>
      ) : null}
    </div>
  );
}

/** One class: its accuracy in both runs, the change, and what is behind it. */
function ClassLine(props: { name: string; mended: number; broken: number; bothWrong: number; of: number }) {
  const { name, mended, broken, bothWrong, of } = props;
  const [before, after] = [of - mended - bothWrong, of - broken - bothWrong].map((right) => right / of);
  return (
    <li>
      <span title={name}>{name}</span>
      <em>
        {percent(before)} → {percent(after)}
      </em>
      <b data-good={after > before || undefined} data-bad={after < before || undefined}>
        {after === before ? "=" : points(after - before)}
      </b>
      <small>
        +{count(mended)} −{count(broken)}
      </small>
      <small>{count(of)}</small>
    </li>
  );
}
