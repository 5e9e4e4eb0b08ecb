import { useState } from "react";
import { count } from "../lib/format";
import { Snippet } from "../start/Snippet";
import type { Parameters } from "../state/parameters";
import { useView } from "../state/view";
import { Button } from "../ui/Button";
import { Check } from "../ui/icons";
import styles from "./method.module.css";
import type { Offered } from "./methods";
import { problemOf, valuesOf } from "./parameters";

type Props = {
  offered: readonly Offered[];
  current: Offered;
  /** Of the film shown, those that differ from the defaults. */
  parameters: Parameters;
  onDone: () => void;
};

/** Methods to choose from, also those that are not installed, and the parameters of the one that is chosen. */
export default function MethodForm({ offered, current, parameters, onDone }: Props) {
  const orbit = useView((view) => view.orbit);
  const { setMethod, setOrbit } = useView.getState();
  const [lacking, setLacking] = useState<Offered | null>(null);
  const there = offered.filter(({ installed }) => installed);
  const spatial = current.name === "logged" ? [] : there.filter((method) => method.spatial);
  const choose = (method: Offered) => {
    setLacking(null);
    if (method.name === current.name && orbit === null) return;
    setMethod(method.name);
    if (method.parameters.length === 0) onDone();
  };
  return (
    <>
      <ul className={styles.methods}>
        {offered.map((method) => (
          <li key={method.name}>
            <button
              type="button"
              className={styles.method}
              aria-pressed={method === current && orbit === null}
              data-value={method.name}
              data-lacking={method.installed ? undefined : true}
              aria-expanded={method.installed ? undefined : lacking === method}
              onClick={() => (method.installed ? choose(method) : setLacking(method))}
            >
              <b>{method.title}</b>
              <span>{method.installed ? method.description : "Not installed"}</span>
              {method === current && orbit === null ? <Check size={14} /> : null}
            </button>
            {lacking === method && method.install ? (
              <div className={styles.install} data-testid="method-install">
                <p>
                  {method.description}. To draw by {method.title}, install it where the dashboard runs, then
                  start the dashboard again:
                </p>
                <Snippet code={method.install} of={method.title} />
              </div>
            ) : null}
          </li>
        ))}
      </ul>
      {current.parameters.length && orbit === null ? (
        <ParameterForm
          key={`${current.name} ${JSON.stringify(parameters)}`}
          method={current}
          parameters={parameters}
          onDone={onDone}
        />
      ) : null}
      {current.name === "logged" ? (
        <p className={styles.note} data-testid="orbit-none">
          Coordinates that you logged have two dimensions; three are drawn from a layer's vectors, by other
          methods.
        </p>
      ) : null}
      {spatial.length ? (
        <div className={styles.spatial}>
          <h3>This frame in three dimensions</h3>
          <p className={styles.note} data-testid="orbit-note">
            Drag, or use the arrow keys on the canvas, to turn it.
            {spatial.map(({ title, spatialMost }) =>
              spatialMost === null ? "" : ` ${title} draws films of up to ${count(spatialMost)} samples so.`,
            )}
          </p>
          <div className={styles.row}>
            {spatial.map(({ name, title }) => (
              <Button
                key={name}
                aria-pressed={orbit === name}
                data-testid={`orbit-${name}`}
                onClick={() => {
                  setOrbit(name);
                  onDone();
                }}
              >
                {title} in 3-D
              </Button>
            ))}
            {orbit === null ? null : (
              <Button
                look="accent"
                data-testid="orbit-leave"
                onClick={() => {
                  setOrbit(null);
                  onDone();
                }}
              >
                Back to 2-D
              </Button>
            )}
          </div>
        </div>
      ) : null}
    </>
  );
}

type FormProps = { method: Offered; parameters: Parameters; onDone: () => void };

/** Each choice of values is a film of its own. */
function ParameterForm({ method, parameters, onDone }: FormProps) {
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      method.parameters.map(({ name, default: usual }) => [
        name,
        `${parameters.find((each) => each.name === name)?.value ?? usual}`,
      ]),
    ),
  );
  const [asked, setAsked] = useState(false);
  const problems = method.parameters.map((parameter) => problemOf(parameter, texts[parameter.name]));
  const values = valuesOf(method, texts);
  const alike = method.name === "pca" && values !== null && Number(texts.first) === Number(texts.second);
  const draw = (next: Parameters) => {
    useView.getState().setMethod(method.name, next);
    onDone();
  };
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(true);
        if (values && !alike) draw(values);
      }}
    >
      <h3>{method.title}</h3>
      {method.parameters.map((parameter, at) => {
        const { name, title, description, low, high, whole, default: usual } = parameter;
        const problem = problems[at];
        return (
          <label key={name} className={styles.field} title={description}>
            <span>{title}</span>
            <input
              type="number"
              inputMode={whole ? "numeric" : "decimal"}
              min={low}
              max={high}
              step={whole ? 1 : "any"}
              value={texts[name]}
              data-testid={`parameter-${name}`}
              aria-invalid={problem !== null}
              aria-describedby={`parameter-${name}-note`}
              onChange={(event) => setTexts({ ...texts, [name]: event.target.value })}
            />
            <small id={`parameter-${name}-note`} data-problem={problem !== null || undefined}>
              {problem ?? `${description}. ${low} to ${high}, usually ${usual}`}
            </small>
          </label>
        );
      })}
      {alike ? (
        <p className={styles.problem} role="alert">
          Both axes are component {texts.first}: choose two different ones.
        </p>
      ) : asked && values === null ? (
        <p className={styles.problem} role="alert">
          Nothing was drawn: put the marked numbers right.
        </p>
      ) : null}
      <div className={styles.row}>
        <Button type="submit" look="accent" data-testid="parameters-draw">
          Draw
        </Button>
        {parameters.length ? (
          <Button data-testid="parameters-reset" onClick={() => draw([])}>
            Defaults
          </Button>
        ) : null}
      </div>
    </form>
  );
}
