/** The fields of a chart that can be pointed at, dragged over, and reached by keyboard: one rectangle each. */
import { edgeOf } from "./axes";
import type { Drawn } from "./draw";
import { fieldText, type Model } from "./model";

const SVG = "http://www.w3.org/2000/svg";

type Bounds = { left: number; top: number; width: number; height: number };
type Extent = readonly [start: number, size: number];

/** Where each bin of an axis lies, in pixels; without an axis the whole length. */
function extentsOf(chart: Drawn, name: "x" | "y", axis: Model["xAxis"] | null): Extent[] {
  const scale = chart.scale(name);
  if (!scale) return [];
  const ends = scale.range as [number, number];
  if (!axis) return [[Math.min(...ends), Math.abs(ends[1] - ends[0])]];
  if (axis.kind === "names")
    return axis.names.map((each) => [scale.apply(each) as number, scale.bandwidth ?? 0] as const);
  return Array.from({ length: axis.bins }, (_, bin) => {
    const [from, to] = [edgeOf(axis, bin), edgeOf(axis, bin + 1)].map((edge) => scale.apply(edge) as number);
    return [Math.min(from, to), Math.abs(to - from)] as const;
  });
}

function boundsOf(chart: Drawn, { kind, xAxis, yAxis, fields }: Model): Bounds[] {
  const category = kind === "box" ? yAxis : kind === "bars" ? xAxis : null;
  const across = category ? extentsOf(chart, "x", null) : extentsOf(chart, "x", xAxis);
  const up = category ? extentsOf(chart, "y", category) : extentsOf(chart, "y", fields.ny > 1 ? yAxis : null);
  return Array.from({ length: fields.nx * fields.ny }, (_, field) => {
    const [bx, by] = [field % fields.nx, Math.floor(field / fields.nx)];
    const [[left, width], [top, height]] = category ? [across[0], up[bx]] : [across[bx], up[by]];
    return { left, top, width, height };
  });
}

/** Between `from` and `to`; with shift held, to what is selected. */
export type OnChoose = (from: number, to: number, more: boolean) => void;

export type Fields = {
  /** Marks the fields that a filter says. */
  press: (isPressed: (field: number) => boolean) => void;
  /** Puts the focus where it was in the drawing before. */
  focus: (field: number) => void;
  focused: () => number | null;
  release: () => void;
};

export function addFields(chart: Drawn, model: Model, onChoose: OnChoose): Fields {
  const { nx, ny } = model.fields;
  const group = document.createElementNS(SVG, "g");
  const rects = boundsOf(chart, model).map(({ left, top, width, height }, field) => {
    const rect = document.createElementNS(SVG, "rect");
    const text = fieldText(model, field);
    const set = (values: Record<string, string | number>) => {
      for (const [name, value] of Object.entries(values)) rect.setAttribute(name, `${value}`);
    };
    set({ x: left, y: top, width: Math.max(0, width), height: Math.max(0, height) });
    set({ role: "button", tabindex: field === 0 ? 0 : -1, "aria-label": text, "aria-pressed": "false" });
    set({
      "data-field": field,
      "data-whole": model.fields.whole[field],
      "data-kept": model.fields.kept[field],
    });
    const title = document.createElementNS(SVG, "title");
    title.textContent = text;
    rect.append(title);
    return rect;
  });
  group.append(...rects);
  group.setAttribute("data-fields", "");
  chart.append(group);

  let start: number | null = null;
  let end = 0;
  const fieldOf = (target: EventTarget | null): number | null => {
    const rect = target instanceof Element ? target.closest("[data-field]") : null;
    return rect && group.contains(rect) ? Number(rect.getAttribute("data-field")) : null;
  };
  const paint = () => {
    const spans =
      start === null
        ? null
        : ([start, end].map((field) => [field % nx, Math.floor(field / nx)]) as [number[], number[]]);
    rects.forEach((rect, field) => {
      const inside = spans?.[0].every((_, way) => {
        const place = way === 0 ? field % nx : Math.floor(field / nx);
        return (
          place >= Math.min(spans[0][way], spans[1][way]) && place <= Math.max(spans[0][way], spans[1][way])
        );
      });
      rect.toggleAttribute("data-brushed", inside === true);
    });
  };
  const focus = (field: number) => {
    const next = rects[field];
    if (!next) return;
    for (const rect of rects) if (rect.getAttribute("tabindex") === "0") rect.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  };
  const down = (event: PointerEvent) => {
    start = fieldOf(event.target);
    if (start === null || event.button !== 0) return;
    end = start;
    // A touch would keep all events on the field where it began.
    if (event.target instanceof Element && event.target.hasPointerCapture(event.pointerId))
      event.target.releasePointerCapture(event.pointerId);
    event.preventDefault();
    paint();
  };
  const move = (event: PointerEvent) => {
    if (start === null) return;
    end = fieldOf(document.elementFromPoint(event.clientX, event.clientY)) ?? end;
    paint();
  };
  const up = (event: PointerEvent) => {
    if (start === null) return;
    const from = start;
    start = null;
    paint();
    onChoose(from, end, event.shiftKey);
  };
  const cancel = () => {
    start = null;
    paint();
  };
  const key = (event: KeyboardEvent) => {
    const at = fieldOf(event.target);
    if (at === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") onChoose(at, at, event.shiftKey);
    else {
      const next = moved(model, at, event.key);
      if (next === null) return;
      focus(next);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  group.addEventListener("pointerdown", down);
  group.addEventListener("keydown", key);
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  window.addEventListener("pointercancel", cancel);
  return {
    press(isPressed) {
      rects.forEach((rect, field) => {
        const pressed = isPressed(field);
        if ((rect.getAttribute("aria-pressed") === "true") !== pressed)
          rect.setAttribute("aria-pressed", `${pressed}`);
      });
    },
    focus,
    focused: () => fieldOf(document.activeElement),
    release() {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", cancel);
    },
  };

  function moved({ kind, yAxis }: Model, at: number, name: string): number | null {
    const along = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[name];
    if (name === "Home") return 0;
    if (name === "End") return rects.length - 1;
    if (!along) return null;
    const [dx, dy] = along;
    const [bx, by] = [at % nx, Math.floor(at / nx)];
    // Names run downwards; bars and boxes lie one below the other.
    const step = ny > 1 ? null : dx || (kind === "bars" || kind === "box" ? -dy : dy);
    if (step !== null) return Math.min(nx - 1, Math.max(0, bx + step));
    const upwards = yAxis?.kind === "names" ? -dy : dy;
    return Math.min(ny - 1, Math.max(0, by + upwards)) * nx + Math.min(nx - 1, Math.max(0, bx + dx));
  }
}
