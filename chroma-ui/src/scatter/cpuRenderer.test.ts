import { describe, expect, it } from "vitest";
import { type Canvas32, type Cloud, paint, unmultiply } from "./cpuRenderer";
import { discsOf, PLACES, reachOf } from "./discs";
import { MISSING_U16, placed } from "./encode";

const SQUARE = { offsetX: -1, offsetY: -1, scale: 2 };
const CAMERA = [0, 0, 1, 1] as const;

/** A place of [-1, 1] as it travels. */
const u16 = (place: number) => Math.round(((place + 1) / 2) * 65534);

function cloudOf(points: readonly { x: number; y: number; code?: number; mark?: number }[]): Cloud {
  const frame = placed(
    {
      x: Uint16Array.from(points, ({ x }) => (Number.isNaN(x) ? MISSING_U16 : u16(x))),
      y: Uint16Array.from(points, ({ y }) => (Number.isNaN(y) ? MISSING_U16 : u16(y))),
    },
    SQUARE,
    SQUARE,
  );
  return {
    from: frame,
    to: frame,
    codes: Uint16Array.from(points, ({ code = 0 }) => code),
    marks: Uint8Array.from(points, ({ mark = 1 }) => mark),
    // red, blue
    redBlue: Uint32Array.of(255, 255 << 16),
    greenAlpha: Uint32Array.of(255 << 16, 255 << 16),
  };
}

const sheet = (width: number, height: number, margin: number): Canvas32 => ({
  words: new Uint32Array((width + 2 * margin) * (height + 2 * margin)),
  width,
  height,
  margin,
});

const rgbaAt = ({ words, width, margin }: Canvas32, x: number, y: number): number[] => {
  const word = words[(y + margin) * (width + 2 * margin) + x + margin];
  return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24];
};

function painted(
  cloud: Cloud,
  { diameter = 4, opacity = 1, along = 1, camera = CAMERA as typeof CAMERA, mark = 1 as number } = {},
) {
  const margin = 2 * reachOf(diameter);
  const picture = sheet(40, 20, margin);
  const discs = discsOf(diameter, opacity, 40 + 2 * margin);
  paint(picture, cloud, { along, camera }, discs, mark);
  return picture;
}

/** Alpha of the whole picture: the area of what is drawn, in pixels. */
const area = ({ words }: Canvas32) => words.reduce((sum, word) => sum + (word >>> 24) / 255, 0);

describe("a disc", () => {
  it("covers its area wherever its centre lies within a pixel", () => {
    for (const diameter of [1.2, 3, 7.5]) {
      const { starts, weights } = discsOf(diameter, 1, 100);
      for (let place = 0; place < PLACES * PLACES; place++) {
        const sum = weights.slice(starts[place], starts[place + 1]).reduce((a, b) => a + b, 0) / 256;
        // the smooth edge adds to the smallest ones
        expect(sum).toBeGreaterThan(Math.PI * (diameter / 2) ** 2 * 0.9);
        expect(sum).toBeLessThan(Math.PI * (diameter / 2 + 0.35) ** 2);
      }
    }
  });

  it("stands where the camera sees it, up being up", () => {
    const picture = painted(cloudOf([{ x: 0.5, y: 0.8 }]));
    expect(rgbaAt(picture, 30, 2)).toEqual([255, 0, 0, 255]);
    expect(rgbaAt(picture, 30, 17)).toEqual([0, 0, 0, 0]);
    const nearer = painted(cloudOf([{ x: 0.5, y: 0.8 }]), { camera: [0.5, 0.8, 2, 2] as never });
    expect(rgbaAt(nearer, 20, 10)).toEqual([255, 0, 0, 255]);
  });

  it("reaches over the edge without appearing on the other side", () => {
    const picture = painted(cloudOf([{ x: 1, y: 0 }]), { diameter: 8 });
    expect(rgbaAt(picture, 39, 10)[3]).toBe(255);
    expect(rgbaAt(picture, 0, 9)).toEqual([0, 0, 0, 0]);
    expect(rgbaAt(picture, 0, 11)).toEqual([0, 0, 0, 0]);
    const far = painted(cloudOf([{ x: 0.9, y: 0 }]), { camera: [-3, 0, 1, 1] as never });
    expect(area(far)).toBe(0);
  });
});

describe("points", () => {
  it("lie over those before them, as much as their opacity says", () => {
    const two = [
      { x: 0, y: 0, code: 0 },
      { x: 0, y: 0, code: 1 },
    ];
    const [red, green, blue, alpha] = rgbaAt(painted(cloudOf(two), { opacity: 0.5, diameter: 6 }), 20, 10);
    expect([red, green, blue, alpha].map((value) => Math.round(value / 16))).toEqual([4, 0, 8, 12]);
  });

  it("are left out where they are hidden, missing or not a number on the way", () => {
    const gone = [
      { x: 0, y: 0, mark: 0 },
      { x: Number.NaN, y: 0 },
      { x: 0, y: 0, mark: 3 },
    ];
    expect(area(painted(cloudOf(gone)))).toBe(0);
  });

  it("are all of the colour of missing values where they lie on the ground", () => {
    const ground = cloudOf([{ x: 0, y: 0, code: 0, mark: 4 }]);
    expect(rgbaAt(painted(ground, { mark: 4 }), 20, 10)).toEqual([0, 0, 255, 255]);
    expect(area(painted(ground))).toBe(0);
  });

  it("are between the frames on their way, and stand where they will be if they were nowhere", () => {
    const to = cloudOf([
      { x: 0.5, y: 0 },
      { x: 0.5, y: 0.7 },
    ]);
    const cloud = {
      ...to,
      from: cloudOf([
        { x: -0.5, y: 0 },
        { x: Number.NaN, y: 0 },
      ]).to,
    };
    const half = painted(cloud, { along: 0.5 });
    expect(rgbaAt(half, 20, 10)[3]).toBe(255);
    expect(rgbaAt(half, 30, 3)[3]).toBe(255);
    expect(rgbaAt(painted(cloud, { along: 0 }), 10, 10)[3]).toBe(255);
  });

  it("keep a colour under a hundred translucent layers", () => {
    const pile = Array.from({ length: 100 }, () => ({ x: 0, y: 0 }));
    const picture = painted(cloudOf(pile), { opacity: 0.2 });
    expect(rgbaAt(picture, 20, 10)[0]).toBeGreaterThan(250);
    unmultiply(picture.words);
    expect(rgbaAt(picture, 20, 10)[0]).toBe(255);
  });
});

it("divides colours by their alpha", () => {
  const words = Uint32Array.of(0, (128 << 24) | (64 << 16) | (32 << 8) | 128, 0xff112233);
  unmultiply(words);
  expect([...words]).toEqual([0, ((128 << 24) | (128 << 16) | (64 << 8) | 255) >>> 0, 0xff112233]);
});
