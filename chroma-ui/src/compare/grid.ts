/** Pure: the number of columns that makes the panes as large as possible. */
export function columnsFor(panes: number, { width, height }: { width: number; height: number }): number {
  let [best, side] = [1, 0];
  for (let columns = 1; columns <= panes; columns++) {
    const rows = Math.ceil(panes / columns);
    const fits = Math.min(width / columns, height / rows);
    if (fits > side) [best, side] = [columns, fits];
  }
  return best;
}
