/** Chooses the renderer: the graphics card, or the CPU where there is none. */

import { createCpuRenderer } from "./cpuRenderer";
import type { Renderer } from "./rendererTypes";
import { createWebGl } from "./webglRenderer";

/** Names of drivers that run WebGL on the CPU: Chromium's, Mesa's, Windows'. */
const PLAYED = /swiftshader|llvmpipe|softpipe|software|basic render/i;

let known: boolean | null = null;

/** Whether WebGL 2 is available and runs on a graphics card; found out once. */
function hasGraphicsCard(): boolean {
  if (known !== null) return known;
  const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const driver = gl && info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  known = gl !== null && !PLAYED.test(driver);
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return known;
}

export function createRenderer(canvas: HTMLCanvasElement): Renderer {
  const renderer = hasGraphicsCard() ? createWebGl(canvas) : createCpuRenderer(canvas);
  canvas.dataset.renderer = renderer.kind;
  return renderer;
}
