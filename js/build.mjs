// `node build.mjs` writes the package to out/promptops.js; `node build.mjs test` bundles the tests.
import { readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const shared = { bundle: true, format: "esm", logLevel: "warning", charset: "utf8" };

if (process.argv[2] === "test") {
  rmSync("out/test", { recursive: true, force: true });
  const entryPoints = readdirSync("test")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name}`);
  const node = { platform: "node", target: "node20", outExtension: { ".js": ".mjs" } };
  await build({ ...shared, ...node, entryPoints, outdir: "out/test", sourcemap: "inline" });
} else {
  const entryPoints = { promptops: "src/main.ts" };
  const anywhere = { platform: "neutral", target: "es2022", mainFields: ["module", "main"] };
  await build({ ...shared, ...anywhere, entryPoints, outdir: "out", packages: "external" });
}
