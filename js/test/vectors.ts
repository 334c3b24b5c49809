/** The rows of a file of conformance vectors. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export function rows<Row>(name: string): Row[] {
  const lines = gunzipSync(readFileSync(`../conformance/${name}.jsonl.gz`)).toString();
  return lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}
