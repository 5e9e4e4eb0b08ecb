/** Draws with WebGL 2: keeps frames, codes and marks on the GPU. Knows nothing of scenes or cameras. */
import type { Points } from "./encode";
import { layered } from "./layered";
import { hexToRgb } from "./oklab";
import { straight } from "./pixels";
import { type DrawOptions, LAYERS, lookOf, type Renderer } from "./rendererTypes";
import { FRAGMENT, VERTEX } from "./shaders";

/** Bytes of frames kept on the GPU before the least recently used one is dropped. */
const KEPT_BYTES = 96 * 1024 * 1024;
const PALETTE_WIDTH = 256;

export function createWebGl(canvas: HTMLCanvasElement): Renderer {
  const made = canvas.getContext("webgl2", { antialias: false, powerPreference: "high-performance" });
  if (!made) throw new Error("The graphics context was lost: reload the page.");
  const gl = made;
  const program = linked(gl);
  const place = (name: string) => gl.getUniformLocation(program, name);
  const places = {
    fromGrid: place("fromGrid"),
    toGrid: place("toGrid"),
    along: place("along"),
    camera: place("camera"),
    looks: place("looks"),
    missing: place("missing"),
  };
  const codes = gl.createBuffer();
  const marks = gl.createBuffer();
  const colours = gl.createTexture();
  const order = gl.createBuffer();
  const frames = new Map<Points, WebGLBuffer>();
  let keptBytes = 0;
  let n = 0;
  let marked: Uint8Array = new Uint8Array(0);
  /** Points in `order`; null where they are drawn as they come. Known for `ordered` points. */
  let inOrder: number | null = null;
  let ordered = -1;
  let [from, to]: (Points | null)[] = [null, null];

  // biome-ignore lint/correctness/useHookAtTopLevel: WebGL's use, not React's
  gl.useProgram(program);
  // Colours are premultiplied.
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  gl.bindTexture(gl.TEXTURE_2D, colours);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);

  function attribute(index: number, buffer: WebGLBuffer, type: number, offset: number): void {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(index);
    gl.vertexAttribIPointer(index, 1, type, 0, offset);
  }

  function bufferOf(points: Points): WebGLBuffer {
    const known = frames.get(points);
    if (known) {
      frames.delete(points);
      frames.set(points, known);
      return known;
    }
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, points.n * 4, gl.STATIC_DRAW);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, points.x);
    gl.bufferSubData(gl.ARRAY_BUFFER, points.n * 2, points.y);
    frames.set(points, buffer);
    keptBytes += points.n * 4;
    for (const [oldest, stale] of frames) {
      if (keptBytes <= KEPT_BYTES || oldest === points || oldest === from || oldest === to) break;
      forget(oldest, stale);
    }
    return buffer;
  }

  function forget(points: Points, buffer: WebGLBuffer): void {
    gl.deleteBuffer(buffer);
    frames.delete(points);
    keptBytes -= points.n * 4;
  }

  function upload(buffer: WebGLBuffer, index: number, values: Uint8Array | Uint16Array): void {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    attribute(index, buffer, values.BYTES_PER_ELEMENT === 1 ? gl.UNSIGNED_BYTE : gl.UNSIGNED_SHORT, 0);
  }

  /** Points of several layers are drawn layer by layer; those of one as they come, which needs no list. */
  function putInOrder(): void {
    if (ordered === n) return;
    ordered = n;
    const list = layered(marked, n);
    inOrder = list?.length ?? null;
    if (!list) return;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, order);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, list, gl.DYNAMIC_DRAW);
  }

  return {
    kind: "webgl",
    setFrames(first: Points, second: Points): void {
      if (first !== from) {
        const buffer = bufferOf(first);
        attribute(0, buffer, gl.UNSIGNED_SHORT, 0);
        attribute(1, buffer, gl.UNSIGNED_SHORT, first.n * 2);
        gl.uniform3f(places.fromGrid, first.grid.left, first.grid.bottom, first.grid.step);
        from = first;
      }
      if (second !== to) {
        const buffer = bufferOf(second);
        attribute(2, buffer, gl.UNSIGNED_SHORT, 0);
        attribute(3, buffer, gl.UNSIGNED_SHORT, second.n * 2);
        gl.uniform3f(places.toGrid, second.grid.left, second.grid.bottom, second.grid.step);
        to = second;
      }
      n = Math.min(first.n, second.n);
    },
    drop(points: Points): void {
      const buffer = frames.get(points);
      if (buffer && points !== from && points !== to) forget(points, buffer);
    },
    setCodes: (values: Uint16Array): void => upload(codes, 4, values),
    setMarks(values: Uint8Array): void {
      upload(marks, 5, values);
      marked = values;
      ordered = -1;
    },
    setPalette(palette: readonly string[]): void {
      const height = Math.max(1, Math.ceil(palette.length / PALETTE_WIDTH));
      const texels = new Uint8Array(PALETTE_WIDTH * height * 4);
      palette.forEach((hex, code) => {
        texels.set([...hexToRgb(hex), 255], code * 4);
      });
      gl.uniform1ui(places.missing, Math.max(0, palette.length - 1));
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, PALETTE_WIDTH, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
    },
    draw(options: DrawOptions): void {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (n === 0) return;
      const looks = new Float32Array(10);
      for (const mark of LAYERS) {
        const { size, opacity } = lookOf(mark, options);
        looks.set([size, opacity], 2 * mark);
      }
      gl.uniform1f(places.along, options.along);
      gl.uniform4f(places.camera, ...options.camera);
      gl.uniform2fv(places.looks, looks);
      putInOrder();
      if (inOrder === null) gl.drawArrays(gl.POINTS, 0, n);
      else gl.drawElements(gl.POINTS, inOrder, gl.UNSIGNED_INT, 0);
    },
    read(): Uint8Array {
      const pixels = new Uint8Array(canvas.width * canvas.height * 4);
      gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
      return straight(pixels);
    },
    destroy(): void {
      for (const buffer of [...frames.values(), codes, marks, order]) gl.deleteBuffer(buffer);
      gl.deleteTexture(colours);
      gl.deleteProgram(program);
      // Browsers allow few contexts: the next plot must not wait for the garbage collector.
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new Error("The graphics context was lost: reload the page.");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`The graphics driver refuses the shaders: ${gl.getProgramInfoLog(program) ?? ""}`);
  }
  return program;
}
