import { useState } from "react";
import { useClient } from "urql";
import type { Film } from "../api/bytes";
import { CancelFilmDocument, ParkFilmDocument } from "../api/gql/graphql";
import { notify } from "../state/notices";
import styles from "./canvas.module.css";

type Waiting = NonNullable<Film["waiting"]>;

const lasting = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

/** What is done before a film, and for how long, as far as that is known. */
export function sentence({ kind, run, layer, split, secondsLeft, ahead }: Waiting): string {
  const what = kind === "FINDINGS" ? `the findings of ${run}` : `the film of ${run}, ${layer} in ${split}`;
  const others = ahead === 0 ? "" : ahead === 1 ? " and 1 other film" : ` and ${ahead} other films`;
  const time = secondsLeft === null ? "" : `, about ${lasting(secondsLeft)} more`;
  return `Waiting behind ${what}${others}${time}`;
}

/** Says behind what a film waits; offers to let that wait or to stop it. */
export function WaitsFor({ waiting, filmId }: { waiting: Waiting; filmId: string }) {
  const client = useClient();
  const [sent, setSent] = useState(false);
  const before = waiting.filmId;

  async function change(what: "park" | "stop") {
    if (before === null) return;
    setSent(true);
    const document = what === "park" ? ParkFilmDocument : CancelFilmDocument;
    const { error } = await client.mutation<unknown, { id: string }>(document, { id: before });
    if (error) {
      notify(`The other film was not ${what === "park" ? "parked" : "stopped"}: ${error.message}`);
      setSent(false);
    }
  }

  return (
    <>
      <p data-testid="waits-for">{sentence(waiting)}</p>
      {before !== null && before !== filmId && !sent ? (
        <p>
          {waiting.canPark ? (
            <button
              type="button"
              className={styles.stop}
              title="It goes on where it is when no other film waits"
              onClick={() => void change("park")}
              data-testid="park-other"
            >
              Let it wait
            </button>
          ) : null}{" "}
          <button
            type="button"
            className={styles.stop}
            title="The frames computed so far stay; opening it again goes on with it"
            onClick={() => void change("stop")}
            data-testid="stop-other"
          >
            Stop it
          </button>
        </p>
      ) : null}
    </>
  );
}
