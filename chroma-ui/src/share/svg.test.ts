import { describe, expect, it } from "vitest";
import { placed } from "../scatter/encode";
import { type Caption, type Sketch, svgOf } from "./svg";

const SQUARE = { offsetX: -1, offsetY: -1, scale: 2 };
const HOSTILE = '<script>alert("1")</script> & 🦆\u0000';

function sketchOf(n: number): Sketch {
  const at = (i: number) => Math.round((i / (n - 1)) * 65534);
  const points = placed(
    {
      x: Uint16Array.from({ length: n }, (_, i) => at(i)),
      y: Uint16Array.from({ length: n }, (_, i) => at(i)),
    },
    SQUARE,
    SQUARE,
  );
  const codes = Uint16Array.from({ length: n }, (_, i) => (i < n / 2 ? 0 : 1));
  return {
    scene: {
      points,
      codes,
      palette: ["#ff0000", "#0000ff", "#888888"],
      drawn: Uint32Array.from({ length: n - 1 }, (_, i) => i),
      groups: { codes, names: [HOSTILE, "b"], colours: ["#ff0000", "#0000ff"] },
    },
    transform: { toX: (x) => (x + 1) * 100, toY: (y) => (1 - y) * 100 },
    room: { width: 200, height: 200 },
    size: 4,
    opacity: 0.8,
    shade: "dark",
    labels: true,
    contours: true,
  };
}

const CAPTION: Caption = {
  title: HOSTILE,
  note: "39 of 40 points",
  legend: {
    title: "Label",
    entries: [
      { name: HOSTILE, colour: "#ff0000", count: 20, hidden: false },
      { name: "b", colour: "#0000ff", count: 20, hidden: true },
    ],
    ramp: null,
  },
};

const parsed = (svg: string) => new DOMParser().parseFromString(svg, "image/svg+xml");

describe("svgOf", () => {
  it("draws the drawn points in their colours, with names, lines and a legend", () => {
    const svg = svgOf(sketchOf(40), CAPTION, null);
    const page = parsed(svg);
    expect(page.querySelectorAll("g > circle")).toHaveLength(39);
    expect([...page.querySelectorAll("g")].map((group) => group.getAttribute("fill"))).toEqual([
      "#ff0000",
      "#0000ff",
    ]);
    expect(page.querySelectorAll("path").length).toBeGreaterThan(0);
    expect(svg).toContain("39 of 40 points");
    expect(svg).not.toContain(">b</text>\n<circle");
  });

  it("lets no name become markup", () => {
    const svg = svgOf(sketchOf(40), CAPTION, null);
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("\u0000");
    expect(svg).toContain("&lt;script&gt;");
  });

  it("shows a scale of numbers, and as many names as have room", () => {
    const ramp = { colours: ["#111111", "#222222"], low: "0", high: "1.5" };
    const page = parsed(
      svgOf(sketchOf(4), { ...CAPTION, legend: { title: "Margin", entries: [], ramp } }, null),
    );
    const texts = [...page.querySelectorAll("text")].map((text) => text.textContent);
    expect(texts).toEqual(expect.arrayContaining(["Margin", "0", "1.5"]));
    const entries = Array.from({ length: 9 }, (_, at) => ({
      ...{ name: `c${at}`, colour: "#111111", count: 1, hidden: false },
    }));
    const many = svgOf(sketchOf(4), { ...CAPTION, legend: { title: "Label", entries, ramp: null } }, null);
    expect(many).toContain("6 of 9");
    expect(svgOf(sketchOf(4), { ...CAPTION, legend: null }, null)).toContain('width="200" height="230"');
  });

  it("takes an image for points that are too many", () => {
    const page = parsed(svgOf(sketchOf(40), CAPTION, "data:image/png;base64,AA=="));
    expect(page.querySelectorAll("g > circle")).toHaveLength(0);
    expect(page.querySelector("image")?.getAttribute("href")).toBe("data:image/png;base64,AA==");
  });
});
