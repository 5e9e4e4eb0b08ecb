import { notify } from "../state/notices";

let publicUrl: string | null = null;

/** The address under which others reach the dashboard, where a setting tells it. */
export const setPublicUrl = (url: string | null): void => {
  publicUrl = url;
};

/** The address of a view, or of a link, as others can open it. */
export const addressFor = (search: string): string =>
  new URL(`./${search}`, publicUrl === null ? document.baseURI : `${publicUrl}/`).href;

/** Copies a text; says so, or that the browser forbids it. */
export async function copyText(text: string, copied: string, otherwise: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(copied);
  } catch {
    notify(`This browser does not let the page copy: ${otherwise}.`);
  }
}

export const copyLink = (): Promise<void> =>
  copyText(
    addressFor(window.location.search),
    "Copied: the link restores this run, layer, epoch, colour and sample.",
    "take the link from the address bar",
  );
