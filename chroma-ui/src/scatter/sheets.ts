/** Adds the plot's two canvases to a container: of the points, and of what lies over them. */
export function createSheets(container: HTMLElement): [canvas: HTMLCanvasElement, sheet: HTMLCanvasElement] {
  const [canvas, sheet] = [document.createElement("canvas"), document.createElement("canvas")];
  for (const element of [canvas, sheet]) {
    element.style.cssText = "position:absolute;inset:0;width:100%;height:100%;touch-action:none;";
    container.append(element);
  }
  sheet.style.pointerEvents = "none";
  canvas.dataset.testid = "canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Scatterplot of the embedding");
  return [canvas, sheet];
}
