/** The player of exported films: it needs no server, no network and no React. */
import { manyEqual } from "../film/equal";
import { count, decimal } from "../lib/format";
import { boundingBox, union } from "../scatter/encode";
import { createPlot } from "../scatter/plot";
import { createCurves } from "./curves";
import { element } from "./element";
import { type ExportedFilm, inflate, unpack } from "./unpack";
import { showFrame } from "./view";
import "../ui/tokens.css";
import "./player.css";

/** Thumbnails of a page, and of a row. */
const TILES = 1024;
const TILES_A_ROW = 32;
/** CSS pixels of a thumbnail beside a point. */
const TILE_PX = 64;
/** Time from frame to frame while the film plays, in ms; without animation where the person prefers reduced motion. */
const GLIDE_MS = 700;
const PAUSE_MS = 350;

function button(className: string, label: string, text: string, act: () => void): HTMLButtonElement {
  const made = element("button", className, text);
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function mount(root: HTMLElement, film: ExportedFilm): void {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const last = film.points.length - 1;
  const hidden = new Set<string>();
  let shade: "dark" | "light" = dark.matches ? "dark" : "light";
  let frame = last;
  let column = film.columns[0]?.name ?? "";
  let timer: number | null = null;

  const canvas = element("div", "canvas");
  const card = element("div", "card");
  const legend = element("ul", "legend");
  const moment = element("output", "moment");
  const slider = element("input", "slider");
  slider.type = "range";
  slider.max = String(last);
  slider.setAttribute("aria-label", "Frame");
  slider.addEventListener("input", () => {
    stop();
    seek(Number(slider.value), 220);
  });
  const play = button("play", "Play or pause", "▶", () => (timer === null ? start() : stop()));
  const theme = button("quiet", "Dark or light", "◐", () => {
    shade = shade === "dark" ? "light" : "dark";
    seek(frame, 0);
  });
  const columns = element("select", "columns");
  columns.setAttribute("aria-label", "Colour by");
  columns.append(
    ...film.columns.map(({ name, title }) => {
      const option = element("option", "", title);
      option.value = name;
      return option;
    }),
  );
  columns.addEventListener("change", () => {
    column = columns.value;
    hidden.clear();
    seek(frame, 0);
  });
  const seen = [`${count(film.n)} of ${count(film.of)} samples`];
  if (film.columns.length < film.columnsOf) {
    seen.push(`${count(film.columns.length)} of ${count(film.columnsOf)} columns`);
  }
  const pictured = Math.min(film.n, film.sprites.length * TILES);
  if (pictured > 0 && pictured < film.n) seen.push(`thumbnails of ${count(pictured)} of them`);
  const sprites = film.sprites.map((page) => URL.createObjectURL(new Blob([page], { type: "image/webp" })));
  const title = element("h1", "", film.run);
  const about = element(
    "p",
    "about",
    `${film.project} · ${film.layer} · ${film.split} · ${film.method.toUpperCase()} · ${seen.join(" · ")}`,
  );
  const lines = element("span", "", "");
  about.append(lines);
  const curves = createCurves(film);
  const controls = element(
    "footer",
    "controls",
    play,
    element("div", "track", ...curves.parts, slider),
    moment,
  );
  controls.hidden = last === 0;
  const has = (part: ExportedFilm["parts"][number]) => film.parts.includes(part);
  const side = element("aside", "side", ...(film.columns.length && has("legend") ? [columns, legend] : []));
  root.append(
    element(
      "header",
      "head",
      element("div", "names", title, about),
      button("quiet", "Fit the film", "⤢", () => plot.fit()),
      theme,
    ),
    element("main", "canvas-area", canvas, card, side),
    controls,
  );
  card.hidden = true;

  const style = { shade, size: 1, opacity: 1, labels: true, contours: true };
  const plot = createPlot(canvas, style, {
    onHover: (index) => {
      card.hidden = index === null || !has("sample");
      if (index !== null && has("sample")) describe(index);
    },
    onClick: () => undefined,
    onView: () => undefined,
    onSelect: () => undefined,
    onContours: (contoured) => {
      const some = contoured && contoured.groups < contoured.of;
      lines.textContent = some
        ? ` · contours of ${count(contoured.groups)} of ${count(contoured.of)} groups`
        : "";
    },
  });

  function tileOf(index: number): HTMLElement[] {
    const address = sprites[Math.floor(index / TILES)];
    if (!address) return [];
    const tile = element("i", "tile");
    const at = index % TILES;
    tile.style.backgroundImage = `url("${address}")`;
    tile.style.backgroundSize = `${TILES_A_ROW * TILE_PX}px auto`;
    tile.style.backgroundPosition = `${-(at % TILES_A_ROW) * TILE_PX}px ${-Math.floor(at / TILES_A_ROW) * TILE_PX}px`;
    return [tile];
  }

  function describe(index: number): void {
    const facts = film.columns.map(({ title, at }) => {
      const values = at(frame);
      const said =
        values.kind === "categorical"
          ? (values.legend[values.codes[index]] ?? "–")
          : decimal(values.values[index]);
      return element("div", "", element("dt", "", title), element("dd", "", said));
    });
    card.replaceChildren(
      ...tileOf(index),
      element("b", "", `sample ${film.ids[index]}`),
      element("dl", "", ...facts),
    );
    const place = plot.screenOf(index);
    if (!place) return;
    const right = place.x > canvas.clientWidth / 2;
    card.style.left = right ? "" : `${place.x + 14}px`;
    card.style.right = right ? `${canvas.clientWidth - place.x + 14}px` : "";
    card.style.top = `${Math.min(place.y, canvas.clientHeight - card.offsetHeight - 12)}px`;
  }

  function seek(next: number, ms: number): void {
    frame = next;
    document.documentElement.dataset.theme = shade;
    const { scene, entries, ramp } = showFrame(film, frame, column, hidden, shade);
    plot.setStyle({ shade });
    plot.show(scene, still ? 0 : ms);
    slider.value = String(frame);
    const { title: name, trustworthiness, equal, n } = film.frames[frame];
    const alike = manyEqual({ equal, n }) ? ` · ${count(equal ?? 0)} of ${count(n)} vectors are equal` : "";
    const trust = trustworthiness === null ? "" : ` · trustworthiness ${decimal(trustworthiness)}`;
    slider.setAttribute("aria-valuetext", name);
    moment.textContent = `${name}${alike}${trust}`;
    root.dataset.frame = String(frame);
    curves.show(frame, shade);
    legend.replaceChildren(
      ...entries.map(({ name: entry, colour, count: size }) => {
        const item = button("entry", `Hide or show ${entry}`, "", () => {
          if (!hidden.delete(entry)) hidden.add(entry);
          seek(frame, 0);
        });
        item.setAttribute("aria-pressed", String(!hidden.has(entry)));
        const dot = element("i", "dot");
        dot.style.background = colour;
        item.append(dot, element("span", "", entry), element("small", "", count(size)));
        return element("li", "", item);
      }),
    );
    if (ramp) {
      const bar = element("i", "ramp");
      bar.style.background = `linear-gradient(90deg, ${ramp.colours.join(", ")})`;
      const [low, high] = ramp.range.map((end) => element("small", "", decimal(end)));
      legend.replaceChildren(element("li", "scale", bar, low, high));
    }
  }

  function start(): void {
    play.textContent = "❚❚";
    const step = () => {
      seek(frame === last ? 0 : frame + 1, GLIDE_MS);
      timer = window.setTimeout(step, GLIDE_MS + PAUSE_MS);
    };
    step();
  }

  function stop(): void {
    if (timer !== null) window.clearTimeout(timer);
    timer = null;
    play.textContent = "▶";
  }

  new ResizeObserver(() => plot.resize()).observe(canvas);
  dark.addEventListener("change", () => {
    shade = dark.matches ? "dark" : "light";
    seek(frame, 0);
  });
  window.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      play.click();
    } else if (event.target !== slider && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      stop();
      seek(Math.min(last, Math.max(0, frame + (event.key === "ArrowLeft" ? -1 : 1))), 220);
    } else if (event.key === "f") plot.fit();
  });
  const box = film.points.map(boundingBox).reduce(union, null);
  if (box) plot.setBox(box, true);
  seek(frame, 0);
  if (last > 0 && !still) start();
}

async function main(): Promise<void> {
  const root = document.getElementById("player");
  const text = document.getElementById("film")?.textContent;
  if (!root || !text) throw new Error("The page carries no film: export it again.");
  try {
    mount(root, unpack(await inflate(text)));
  } catch (error) {
    root.append(element("p", "problem", error instanceof Error ? error.message : String(error)));
  }
}

void main();
