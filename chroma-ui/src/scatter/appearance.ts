/** Pure: diameter in CSS pixels and opacity for a number of points and a zoom, times the person's factors. */
export function appearanceFor(
  n: number,
  factors: { size: number; opacity: number },
  zoom = 1,
): { size: number; opacity: number } {
  const decades = Math.log10(Math.max(n, 1) / 1000);
  const size = Math.min(5.2, Math.max(1.2, 4.6 - 1.5 * decades));
  const opacity = Math.min(0.86, Math.max(0.22, 0.8 - 0.2 * decades));
  // Zoomed in, fewer points are visible: they grow, but slower than the distances between them.
  const nearness = Math.min(3, Math.max(0.8, zoom ** 0.32));
  const shown = Math.min(0.9, opacity * Math.max(1, zoom) ** 0.16);
  return { size: size * factors.size * nearness, opacity: Math.min(1, shown * factors.opacity) };
}
