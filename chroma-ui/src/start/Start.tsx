import { useState } from "react";
import { Logo } from "../ui/icons";
import { TabPanels } from "../ui/TabPanels";
import { ExampleButton } from "./ExampleButton";
import { Snippet } from "./Snippet";
import styles from "./start.module.css";
import { CALLBACK_TOO, STARTS } from "./starts";

/** What an empty home shows: what is watched, how to begin, and an example. */
export default function Start() {
  const [open, setOpen] = useState(STARTS[0].name);
  return (
    <div className={styles.start} data-testid="empty-state">
      <div className={styles.intro}>
        <Logo size={36} />
        <h2>No runs yet</h2>
        <p>
          Chroma watches what a model learns: while it trains, the vectors that its layers give for the same
          samples are kept, epoch by epoch, and shown here as a film. The training is not changed.
        </p>
      </div>
      <section className={styles.how} aria-label="How to begin">
        <TabPanels
          label="Framework"
          open={open}
          onOpen={setOpen}
          testId="starts"
          panels={STARTS.map(({ name, title, about, code }) => ({
            name,
            title,
            content: (
              <div className={styles.lines}>
                <p>{about}</p>
                <Snippet code={code} of={title} />
                {name === "lightning" ? (
                  <>
                    <p>Or the callback, for one trainer alone:</p>
                    <Snippet code={CALLBACK_TOO} of="the callback" />
                  </>
                ) : null}
                {name === "keras" || name === "transformers" ? (
                  <p>
                    <code>chroma.autolog()</code> at the top of the script does it without the callback.
                  </p>
                ) : null}
              </div>
            ),
          }))}
        />
      </section>
      <p className={styles.then}>The run appears here by itself with its first epoch. No script at hand?</p>
      <ExampleButton />
    </div>
  );
}
