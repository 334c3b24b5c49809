// `node build.mjs [FOLDER]` writes the page of the workbench, by default to where the server reads it;
// `node build.mjs test` bundles the tests.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const shared = {
  bundle: true,
  logLevel: "warning",
  legalComments: "none",
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
};

if (process.argv[2] === "test") {
  const entryPoints = readdirSync("test")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name}`);
  const node = { platform: "node", format: "esm", target: "node20", outExtension: { ".js": ".mjs" } };
  await build({ ...shared, ...node, entryPoints, outdir: "out/test", sourcemap: "inline" });
} else {
  const folder = process.argv[2] ?? "../promptops/commands/ui/assets";
  const page = { platform: "browser", format: "iife", target: "es2022", minify: true, metafile: true };
  const entryPoints = { app: "src/main.tsx" };
  const { metafile } = await build({ ...shared, ...page, entryPoints, outdir: folder });
  copyFileSync("index.html", join(folder, "index.html"));
  writeFileSync(join(folder, "LICENSES.txt"), licenses(Object.keys(metafile.inputs)));
}

/** The name, version and licence text of every package that is in the page. */
function licenses(inputs) {
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  const packages = [...new Set(folders.filter((folder) => folder !== undefined))].sort();
  const texts = packages.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return `app.js contains these packages.\n\n${texts.join(`\n${"-".repeat(72)}\n\n`)}`.replaceAll("\r", "");
}
