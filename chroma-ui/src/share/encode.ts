/** Films as files: MP4 and WebM by the browser's own encoders, GIF. What only this needs is loaded with it. */

import {
  BufferTarget,
  CanvasSource,
  getFirstEncodableVideoCodec,
  Mp4OutputFormat,
  Output,
  QUALITY_HIGH,
  WebMOutputFormat,
} from "mediabunny";
import { Encoder } from "modern-gif";
import gifWorker from "modern-gif/worker?url";
import { type FilmOrder, type FilmSize, type Shot, shots } from "./film";
import type { FilmFormat } from "./formats";

const VIDEO: FilmSize = { width: 1280, height: 720, perSecond: 30, most: 4_000 };
/** All pictures of a GIF are in memory at once, 1 MB each. */
const GIF: FilmSize = { width: 640, height: 400, perSecond: 12, most: 160 };

const CODECS = { mp4: ["avc", "hevc", "av1", "vp9"], webm: ["vp9", "av1", "vp8"] } as const;

/** Makes the file; `onShot` hears of every picture. Throws where `signal` is aborted, or nothing can encode it. */
export async function encodeFilm(
  format: FilmFormat,
  order: FilmOrder,
  onShot: (shot: Shot) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const canvas = document.createElement("canvas");
  return format === "gif" ? gif(order, canvas, onShot, signal) : video(format, order, canvas, onShot, signal);
}

async function video(
  format: "mp4" | "webm",
  order: FilmOrder,
  canvas: HTMLCanvasElement,
  onShot: (shot: Shot) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const { width, height } = VIDEO;
  canvas.width = width;
  canvas.height = height;
  const codec = await getFirstEncodableVideoCodec([...CODECS[format]], { width, height });
  if (!codec)
    throw new Error(`this browser cannot encode ${format === "mp4" ? "MP4" : "WebM"}; a GIF it can`);
  const target = new BufferTarget();
  const output = new Output({
    format: format === "mp4" ? new Mp4OutputFormat() : new WebMOutputFormat(),
    target,
  });
  const source = new CanvasSource(canvas, { codec, bitrate: QUALITY_HIGH });
  output.addVideoTrack(source);
  await output.start();
  try {
    let time = 0;
    for await (const shot of shots(order, canvas, VIDEO, signal)) {
      await source.add(time, shot.seconds);
      time += shot.seconds;
      onShot(shot);
    }
    await output.finalize();
    signal.throwIfAborted();
  } catch (error) {
    if (output.state !== "finalized") await output.cancel();
    throw error;
  }
  if (!target.buffer) throw new Error("the encoder gave nothing");
  return new Blob([target.buffer], { type: format === "mp4" ? "video/mp4" : "video/webm" });
}

async function gif(
  order: FilmOrder,
  canvas: HTMLCanvasElement,
  onShot: (shot: Shot) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const { width, height } = GIF;
  const encoder = new Encoder({ width, height, workerUrl: gifWorker, looped: true });
  const pencil = canvas.getContext("2d", { willReadFrequently: true });
  if (!pencil) throw new Error("this browser gives no canvas to draw on");
  for await (const shot of shots(order, canvas, GIF, signal)) {
    const { data } = pencil.getImageData(0, 0, width, height);
    await encoder.encode({ data, delay: Math.round(shot.seconds * 1000) });
    onShot(shot);
  }
  const made = await encoder.flush("arrayBuffer");
  signal.throwIfAborted();
  return new Blob([made], { type: "image/gif" });
}
