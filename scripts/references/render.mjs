// Renders sources of other tools with packages of Node; see render.py, whose protocol it has.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , reference, modules] = process.argv;
const load = createRequire(join(modules, "package.json"));

const user = (text) => [{ role: "user", content: text }];

const references = {
  async dotprompt({ source, inputs }) {
    const { Dotprompt } = load("dotprompt");
    const folder = dirname(source);
    const partials = {};
    for (const name of readdirSync(folder)) {
      if (/^_.*\.prompt$/.test(name)) {
        partials[name.slice(1, -7)] = readFileSync(join(folder, name), "utf8");
      }
    }
    const engine = new Dotprompt({ partials });
    const { history, ...rest } = inputs;
    const messages = (history ?? []).map(({ role, content }) => ({
      role: role === "assistant" ? "model" : role,
      content: [{ text: content }],
    }));
    const rendered = await engine.render(readFileSync(source, "utf8"), { input: rest, messages });
    return rendered.messages.map(({ role, content }) => ({
      role: role === "model" ? "assistant" : role,
      content: content.map((part) => part.text ?? "").join(""),
    }));
  },
  async handlebars({ source, inputs }) {
    const engine = load("handlebars").create();
    return user(engine.compile(readFileSync(source, "utf8"), { noEscape: true })(inputs));
  },
  async nunjucks({ source, inputs }) {
    const nunjucks = load("nunjucks");
    const engine = nunjucks.configure({ autoescape: false });
    return user(engine.renderString(readFileSync(source, "utf8"), inputs));
  },
  async typescript({ source, inputs, call }) {
    const found = await import(pathToFileURL(source).href);
    const made = new Function("m", "inputs", `return ${call}`)(found, inputs);
    return Array.isArray(made) ? made : user(made);
  },
};

const jobs = JSON.parse(readFileSync(0, "utf8"));
const results = [];
for (const job of jobs) {
  try {
    results.push({ messages: await references[reference](job) });
  } catch (error) {
    results.push({ error: String(error).split("\n")[0].slice(0, 200) });
  }
}
process.stdout.write(JSON.stringify(results));
