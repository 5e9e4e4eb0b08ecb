import { useState } from "react";
import { useMutation } from "urql";
import { StartExampleDocument } from "../api/gql/graphql";
import { useView } from "../state/view";
import { Button } from "../ui/Button";
import styles from "./start.module.css";

/** Trains the example on the server and opens its run. */
export function ExampleButton() {
  const [{ fetching, error }, start] = useMutation(StartExampleDocument);
  const [asked, setAsked] = useState(false);
  const begin = async () => {
    setAsked(true);
    const { data } = await start({});
    if (!data) return;
    useView.getState().openRun(data.startExample);
    useView.getState().setHome(false);
  };
  return (
    <div className={styles.example}>
      <Button look="accent" disabled={fetching} onClick={() => void begin()} data-testid="start-example">
        {fetching ? "Training the example…" : "Train an example run"}
      </Button>
      <p role="status">
        {error
          ? `No example: ${error.graphQLErrors[0]?.message ?? "the server does not answer"}.`
          : fetching && asked
            ? "1,797 handwritten digits, a small network, 12 epochs: it opens with its first epoch, in seconds."
            : "Handwritten digits and a small network, in seconds; delete it like any other run."}
      </p>
    </div>
  );
}
