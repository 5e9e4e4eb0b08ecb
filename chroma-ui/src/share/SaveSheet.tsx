import { useState } from "react";
import type { Picture } from "../film/picture";
import type { ShownFrame } from "../film/useShownFrame";
import { useShade } from "../lib/useTheme";
import type { Plot } from "../scatter/plot";
import { Switch } from "../ui/controls";
import { Segmented } from "../ui/Segmented";
import { FILM_FORMATS, type FilmFormat, refusalOf } from "./formats";
import { type Looks, PAGE_PARTS, type PagePart, savePage, savePng, saveSvg } from "./save";
import styles from "./share.module.css";

type Props = {
  plot: Plot | null;
  shown: ShownFrame;
  picture: Picture;
  hasBox: boolean;
  /** Whether a film is being made. */
  busy: boolean;
  onFilm: (format: FilmFormat, looks: Looks) => void;
  onDone: () => void;
};

const PART_NAMES: Record<PagePart, string> = {
  legend: "Legend",
  metrics: "Metrics",
  sample: "Sample card and images",
};

/** What can be saved, and how it looks. */
export default function SaveSheet({ plot, shown, picture, hasBox, busy, onFilm, onDone }: Props) {
  const [shade, setShade] = useState(useShade());
  const [legend, setLegend] = useState(true);
  const [parts, setParts] = useState<readonly PagePart[]>(PAGE_PARTS);
  const looks = { shade, legend };
  const done = (act: () => void) => () => {
    act();
    onDone();
  };
  const frames = shown.revision.frames.length;
  return (
    <div className={styles.sheet} data-testid="save-sheet">
      <div className={styles.looks}>
        <Segmented
          label="Background"
          testId="save-shade"
          value={shade}
          options={[
            { value: "dark", name: "Dark" },
            { value: "light", name: "Light" },
          ]}
          onChange={setShade}
        />
        <Switch label="With legend" checked={legend} onChange={setLegend} />
      </div>
      <Choice
        name="png"
        title="Picture, PNG"
        about="what the canvas shows"
        onChoose={plot && done(() => void savePng(plot, shown, picture, looks))}
      />
      <Choice
        name="svg"
        title="Picture, SVG"
        about="vectors, to edit"
        onChoose={plot && done(() => saveSvg(plot, shown, picture, looks))}
      />
      {FILM_FORMATS.map(({ name, title, about }) => {
        const refusal = busy ? "another film is being made" : refusalOf(name, frames, hasBox);
        return (
          <Choice
            key={name}
            name={name}
            title={title}
            about={refusal ?? about}
            onChoose={refusal === null ? done(() => onFilm(name, looks)) : null}
          />
        );
      })}
      <p className={styles.aside}>
        Films show all frames with these colours, filters and camera, without contours.
      </p>
      <Choice
        name="html"
        title="Film, HTML"
        about="one page, plays offline"
        onChoose={done(() => void savePage(shown, parts))}
      />
      <fieldset className={styles.parts}>
        <legend>In the page</legend>
        {PAGE_PARTS.map((part) => (
          <label key={part}>
            <input
              type="checkbox"
              checked={parts.includes(part)}
              onChange={(event) =>
                setParts(
                  PAGE_PARTS.filter((other) =>
                    other === part ? event.target.checked : parts.includes(other),
                  ),
                )
              }
            />
            {PART_NAMES[part]}
          </label>
        ))}
      </fieldset>
    </div>
  );
}

type ChoiceProps = { name: string; title: string; about: string; onChoose: (() => void) | null };

function Choice({ name, title, about, onChoose }: ChoiceProps) {
  return (
    <button
      type="button"
      className={styles.choice}
      disabled={onChoose === null}
      data-testid={`save-${name}`}
      onClick={onChoose ?? undefined}
    >
      {title} <small>{about}</small>
    </button>
  );
}
