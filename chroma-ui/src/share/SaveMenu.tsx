import { useState } from "react";
import { createPortal } from "react-dom";
import type { Picture } from "../film/picture";
import type { FilmBox, ShownFrame } from "../film/useShownFrame";
import type { Plot } from "../scatter/plot";
import { useView } from "../state/view";
import { Button, IconButton } from "../ui/Button";
import { Camera } from "../ui/icons";
import { lazily } from "../ui/lazily";
import { Sheet } from "../ui/Sheet";
import type { FilmFormat } from "./formats";
import type { Looks } from "./save";
import styles from "./share.module.css";
import { useFilmJob } from "./useFilmJob";

const SaveSheet = lazily(() => import("./SaveSheet"), {
  waiting: <p className={styles.nothing}>Loading…</p>,
});

type Props = { plot: Plot | null; shown: ShownFrame; picture: Picture; box: FilmBox | null };

/** Pictures of the canvas, and the film as a file. */
export function SaveMenu({ plot, shown, picture, box }: Props) {
  const [open, setOpen] = useState(false);
  const { job, make, cancel } = useFilmJob();
  const onFilm = (format: FilmFormat, { shade, legend }: Looks) => {
    const view = useView.getState();
    const classNames = [...picture.classColours.keys()];
    if (box?.box) void make(format, { shown, view, classNames, box: box.box, shade, legend });
  };
  return (
    <>
      <Sheet
        open={open}
        onOpenChange={setOpen}
        label="Save a picture or the film"
        trigger={
          <IconButton label="Save a picture or the film" side="right" data-testid="save-picture">
            <Camera />
          </IconButton>
        }
        className={styles.menu}
        side="right"
        sideOffset={8}
      >
        <SaveSheet
          plot={plot}
          shown={shown}
          picture={picture}
          hasBox={Boolean(box?.box && box.complete)}
          busy={job !== null}
          onFilm={onFilm}
          onDone={() => setOpen(false)}
        />
      </Sheet>
      {job
        ? createPortal(
            <div className={styles.job} role="status" data-testid="film-job">
              <p>
                Making the {job.format.toUpperCase()}:{" "}
                {job.at < job.of ? `frame ${job.at} of ${job.of}` : "finishing"}
              </p>
              <progress value={job.at} max={job.of} aria-label="Film" />
              <Button onClick={cancel}>Cancel</Button>
            </div>,
            document.body,
          )
        : null}
    </>
  );
}
