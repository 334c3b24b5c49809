/** The last error of a command of promptops with its tip, of what it wrote; or the last line. */
export function lastError(written: string): string {
  const lines = written.trimEnd().split("\n");
  const found = lines.findLastIndex((line) => line.startsWith("error: "));
  return lines
    .slice(found === -1 ? -1 : found)
    .map((line) => line.trim())
    .join("; ");
}
