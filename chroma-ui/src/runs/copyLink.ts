import { notify } from "../state/notices";

export async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(window.location.href);
    notify("Copied: the link restores this run, layer, epoch, colour and sample.");
  } catch {
    notify("This browser does not let the page copy: take the link from the address bar.");
  }
}
