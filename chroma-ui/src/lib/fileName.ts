/** A file name that says what is in the file; letters that a file system may not take become hyphens. */
export function fileName(parts: readonly (string | null)[], ending: string): string {
  const clean = parts.flatMap((part) => {
    const text = (part ?? "").replaceAll(/[^\p{L}\p{N}.]+/gu, "-").replaceAll(/^[-.]+|[-.]+$/g, "");
    return text ? [text.slice(0, 60)] : [];
  });
  return `${clean.join("_") || "chroma"}.${ending}`;
}
