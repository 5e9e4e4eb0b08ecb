/** Pure: a list that comes in pages, each as long as the server thinks right. */
type Listed = { id: string };
type Page<Item> = { of: number; runs: readonly Item[] };

/** What is listed from `begin` to the end, page after page; null where one of them did not come. */
export async function allFrom<Item extends Listed>(
  begin: number,
  ask: (offset: number) => Promise<Page<Item> | null>,
): Promise<Item[] | null> {
  const found: Item[] = [];
  for (;;) {
    const page = await ask(begin + found.length);
    if (!page) return null;
    found.push(...page.runs);
    if (page.runs.length === 0 || begin + found.length >= page.of) return found;
  }
}

/** Pages as one list. What moved from one to the next while they came is listed once, as it came first. */
export function joined<Item extends Listed>(...pages: (readonly Item[])[]): Item[] {
  const found = new Map<string, Item>();
  for (const item of pages.flat()) if (!found.has(item.id)) found.set(item.id, item);
  return [...found.values()];
}
