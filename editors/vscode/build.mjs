// `node build.mjs` bundles the extension and the page of the preview; `node build.mjs test` the tests.
import { readdirSync } from "node:fs";
import { build } from "esbuild";

const shared = { bundle: true, outdir: "out", logLevel: "warning", legalComments: "none" };

if (process.argv[2] === "test") {
  const tests = readdirSync("test").map((name) => `test/${name}`);
  const node = { platform: "node", format: "cjs", target: "node20" };
  await build({ ...shared, ...node, entryPoints: tests, outdir: "out/test", sourcemap: "inline" });
} else {
  const node = { platform: "node", format: "cjs", target: "node20", external: ["vscode"] };
  await build({ ...shared, ...node, entryPoints: ["src/extension.ts"], minify: true });
  const page = { platform: "browser", format: "iife", target: "es2022" };
  await build({ ...shared, ...page, entryPoints: { preview: "page/main.ts" }, minify: true });
  await build({ ...shared, entryPoints: ["page/preview.css"], minify: true });
}
