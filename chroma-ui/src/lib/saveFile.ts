/** Downloads a file. */
export function saveFile(body: Blob, name: string): void {
  const address = URL.createObjectURL(body);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the URL after the click.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
