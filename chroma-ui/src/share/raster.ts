/** Lays legend and caption over a drawing of the canvas. */
import type { Shade } from "../lib/useTheme";
import { type Caption, frameOf, GROUND, sizeAround } from "./svg";

export type Room = { width: number; height: number };

async function imageOf(svg: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  return image;
}

/** Draws the whole picture into `onto`; `room` is the size of the canvas in it, in CSS pixels. */
export async function layOut(
  onto: HTMLCanvasElement,
  drawing: HTMLCanvasElement,
  room: Room,
  shade: Shade,
  caption: Caption,
): Promise<void> {
  const image = await imageOf(frameOf(room, shade, caption));
  const whole = sizeAround(room, caption);
  const pencil = onto.getContext("2d");
  if (!pencil) throw new Error("this browser gives no canvas to draw on");
  const ratio = onto.width / whole.width;
  pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
  pencil.fillStyle = GROUND[shade];
  pencil.fillRect(0, 0, whole.width + 1, whole.height + 1);
  pencil.drawImage(drawing, 0, 0, room.width, room.height);
  pencil.drawImage(image, 0, 0, whole.width, whole.height);
}
