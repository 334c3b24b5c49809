// `node build.mjs` writes the package to out/promptops.js and its types to out/types/; `node build.mjs test`
// bundles the tests.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const RELATIVE = /(?<=\b(?:from|import) ?\(?)"\.\/([a-z_]+)"/g;
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
  types("out/types");
}

/** Writes the declarations of what the entry exports. Node's resolution needs the ending of each import. */
function types(folder) {
  rmSync(folder, { recursive: true, force: true });
  const options = [
    "--noEmit",
    "false",
    "--declaration",
    "--emitDeclarationOnly",
    "--outDir",
    folder,
    "--rootDir",
    "src",
  ];
  const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json", ...options];
  execFileSync(process.execPath, tsc, { stdio: "inherit" });
  const used = new Set();
  const visit = (name) => {
    if (used.has(name)) return;
    used.add(name);
    const file = `${folder}/${name}.d.ts`;
    const text = readFileSync(file, "utf8");
    for (const [, found] of text.matchAll(RELATIVE)) visit(found);
    writeFileSync(file, text.replace(RELATIVE, '"./$1.js"'));
  };
  visit("main");
  for (const file of readdirSync(folder)) if (!used.has(file.replace(/\.d\.ts$/, ""))) rmSync(`${folder}/${file}`);
}
