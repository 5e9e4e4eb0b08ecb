/** Parts of the page that are loaded when they are first shown; one that cannot be, says so, and the rest goes on. */
import {
  Component,
  type ComponentType,
  lazy,
  type PropsWithChildren,
  type ReactNode,
  Suspense,
  useState,
} from "react";
import { Button } from "./Button";
import styles from "./lazily.module.css";

type Loader<P> = () => Promise<{ default: ComponentType<P> }>;

type Options = {
  /** Stands there while it is loaded. */
  waiting?: ReactNode;
  /** Shows nothing where it cannot be loaded: nobody asked for it. */
  quiet?: boolean;
};

/** A component that is loaded when it is first shown. */
export function lazily<P extends object>(load: Loader<P>, { waiting = null, quiet }: Options = {}) {
  let Latest = lazy(load);
  // biome-ignore lint/correctness/noComponentHookFactories: called once for each part, at the level of the module
  return function Lazily(props: P) {
    const [Part, setPart] = useState<ComponentType<P>>(Latest);
    const [tries, setTries] = useState(0);
    const tryAgain = async () => {
      setTries(tries + 1);
      if (!(await renewStyles())) return;
      Latest = lazy(load);
      setPart(Latest);
    };
    return (
      <Boundary
        key={keyOf(Part)}
        failed={quiet ? null : <Failed tries={tries} onAgain={() => void tryAgain()} />}
      >
        <Suspense fallback={waiting}>
          <Part {...props} />
        </Suspense>
      </Boundary>
    );
  };
}

let made = 0;
const keys = new WeakMap<object, number>();

/** Another try is another component, and begins anew. */
function keyOf(part: object): number {
  const known = keys.get(part) ?? ++made;
  keys.set(part, known);
  return known;
}

/** Style sheets that did not arrive. Their errors do not bubble. */
const lost = new Set<HTMLLinkElement>();
window.addEventListener(
  "error",
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === "stylesheet") lost.add(target);
  },
  { capture: true },
);

/** Asks again for style sheets that did not arrive, as `import` does not; whether all are there now. */
async function renewStyles(): Promise<boolean> {
  const came = [...lost].map(async (link) => {
    const next = link.cloneNode() as HTMLLinkElement;
    const done = new Promise<boolean>((resolve) => {
      next.addEventListener("load", () => resolve(true));
      next.addEventListener("error", () => resolve(false));
    });
    lost.delete(link);
    link.remove();
    document.head.append(next);
    return done;
  });
  return (await Promise.all(came)).every(Boolean);
}

/** Some browsers never ask again for a script that failed: then the whole page is loaded, as its address says. */
function Failed({ tries, onAgain }: { tries: number; onAgain: () => void }) {
  return (
    <div className={styles.failed} role="alert" data-testid="part-failed">
      <p>This part of the page could not be loaded or shown. The rest goes on.</p>
      <Button onClick={onAgain}>Try again</Button>
      {tries > 0 ? <Button onClick={() => window.location.reload()}>Load the page again</Button> : null}
    </div>
  );
}

class Boundary extends Component<PropsWithChildren<{ failed: ReactNode }>, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? this.props.failed : this.props.children;
  }
}
