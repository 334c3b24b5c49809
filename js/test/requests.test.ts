import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../src/bundle";
import { forJavaScript } from "../src/gemini";
import { type Bundle, IntegrityError, NotFound, RenderError, UnsupportedRequest, readBundle } from "../src/main";
import { Inputs } from "../src/inputs";
import type { RenderedRequest } from "../src/request";
import { highest, parseRange, parseRef, parseVersion, versionText } from "../src/refs";
import { rows } from "./vectors";

const METHODS = ["openai", "responses", "anthropic", "gemini"] as const;

interface RequestRow {
  readonly bundle?: string;
  readonly prompt: string;
  readonly inputs: object;
  readonly error?: readonly string[];
  readonly request?: string;
  readonly digest?: string;
}

test("each request has its canonical form, its digest and the arguments of each client", async () => {
  let bundle: Bundle | undefined;
  for (const row of rows<RequestRow>("requests")) {
    if (row.bundle !== undefined) {
      bundle = await readBundle(new TextEncoder().encode(row.bundle));
      continue;
    }
    assert.deepEqual(await result(bundle, row), row, row.prompt);
  }
});

test("48,000 renders of many tasks at once give no wrong request", async () => {
  const known: [Bundle, RequestRow][] = [];
  let bundle: Bundle | undefined;
  for (const row of rows<RequestRow>("requests")) {
    if (row.bundle !== undefined) bundle = await readBundle(new TextEncoder().encode(row.bundle));
    else if (bundle !== undefined && row.digest !== undefined) known.push([bundle, row]);
  }
  let done = 0;
  const task = async (first: number): Promise<void> => {
    for (let count = 0; count < 1_000; count += 1) {
      const [from, row] = known[(first * 31 + count) % known.length] ?? assert.fail();
      assert.equal(await from.get(row.prompt).render(row.inputs).digest(), row.digest, row.prompt);
      done += 1;
    }
  };

  await Promise.all(Array.from({ length: 48 }, (_, first) => task(first)));

  assert.equal(done, 48_000);
});

async function result(bundle: Bundle | undefined, { prompt, inputs }: RequestRow): Promise<unknown> {
  assert.ok(bundle);
  let request: RenderedRequest;
  try {
    request = bundle.get(prompt).render(inputs);
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    return { prompt, inputs, error: error.inputs.map(({ pointer }) => pointer) };
  }
  const found = METHODS.map((method) => [method, argumentsOf(request, method)]);
  const attributes = await request.attributes({ inputs: true });
  const [canonical, digest] = [request.canonical(), await request.digest()];
  return { prompt, inputs, request: canonical, digest, attributes, ...Object.fromEntries(found) };
}

function argumentsOf(request: RenderedRequest, method: (typeof METHODS)[number]): unknown {
  try {
    return withoutBytes(request.arguments(method));
  } catch (error) {
    if (error instanceof UnsupportedRequest) return null;
    throw error;
  }
}

function withoutBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutBytes(item)]));
}

interface InputRow {
  readonly schema: Record<string, unknown>;
  readonly value: unknown;
  readonly accepted?: unknown;
  readonly pointers?: readonly string[];
}

test("each input is accepted or refused at its pointers", () => {
  for (const row of rows<InputRow>("inputs")) {
    const { accepted, problems } = new Inputs(row.schema).accept(row.value);
    const pointers = [...new Set(problems.map(({ pointer }) => pointer))].sort();
    const found = pointers.length ? { pointers } : { accepted };

    const expected = row.pointers ? { pointers: row.pointers } : { accepted: row.accepted };
    assert.deepEqual(found, expected, JSON.stringify(row));
  }
});

interface RefRow {
  readonly ref?: string;
  readonly kind?: string | null;
  readonly range?: string;
  readonly versions?: readonly string[];
  readonly highest?: string | null;
}

test("each ref has its kind, and each range its highest version", () => {
  for (const row of rows<RefRow>("refs")) {
    if (row.ref !== undefined) {
      assert.equal(kindOf(row.ref), row.kind, row.ref);
      continue;
    }
    const versions = (row.versions ?? []).map(parseVersion).filter((version) => version !== undefined);
    const range = parseRange(row.range ?? "");
    const found = range && highest(range, versions);
    assert.equal(found ? versionText(found) : null, row.highest, row.range);
  }
});

function kindOf(ref: string): string | null {
  try {
    return parseRef(ref).kind;
  } catch {
    return null;
  }
}

test("a bundle of another format, without its digest or with other programs is refused by name", async () => {
  const [{ bundle = "" } = {}] = rows<RequestRow>("requests");
  const [first = "", ...rest] = bundle.split("\n");
  const { sha256 } = JSON.parse(first) as { sha256: string };
  const messages = await Promise.all(
    [
      "",
      "{}\n",
      bundle.replace("support desk", "support task"),
      [`{"bundle":1,"sha256":"${sha256}"}`, ...rest].join("\n"),
      [`{"bundle":3,"sha256":"${sha256}"}`, ...rest].join("\n"),
      await signed(rest.join("\n").replace('"programs":1', '"programs":2')),
    ].map(refusal),
  );

  assert.deepEqual(messages, [
    "this is not a bundle",
    "this is not a bundle",
    "the bundle does not match its digest",
    "the bundle has the format 1, which has no programs",
    "the bundle has the unsupported format 3",
    "the bundle has the unsupported programs 2",
  ]);
});

test("a compressed bundle is refused with the way to read it", async () => {
  const error = await readBundle(new Uint8Array([0x1f, 0x8b, 8, 0])).catch((error: unknown) => error);

  assert.ok(error instanceof IntegrityError);
  assert.equal(error.message, "the bundle is compressed with gzip");
  assert.equal(error.hint, "unpack it first, or load the file: load(undefined, { source: FILE })");
});

async function refusal(text: string): Promise<string> {
  try {
    await readBundle(new TextEncoder().encode(text));
  } catch (error) {
    assert.ok(error instanceof IntegrityError);
    return error.message;
  }
  return "";
}

/** A bundle with this content and its digest. */
async function signed(content: string): Promise<string> {
  return `{"bundle":2,"sha256":"${await sha256(new TextEncoder().encode(content))}"}\n${content}`;
}

async function bundleOf(prompt: object, parts: Record<string, object> = {}): Promise<Bundle> {
  const lines: string[] = [];
  const spans = (found: Record<string, object>): Record<string, [number, number]> =>
    Object.fromEntries(
      Object.entries(found).map(([name, item]) => {
        const [line, start] = [JSON.stringify(item), lines.reduce((sum, each) => sum + Buffer.byteLength(each) + 1, 0)];
        lines.push(line);
        return [name, [start, Buffer.byteLength(line)]];
      }),
    );
  const header = {
    aliases: { "old/name": "a" },
    commit: "0".repeat(40),
    content: "",
    tree: "",
    files: {},
    parts: spans(parts),
    programs: 1,
    prompts: spans({
      a: { id: "a", output: { format: "text" }, path: "a.prompt.yaml", digest: "d", status: "active", ...prompt },
    }),
    release: null,
  };
  const text = await signed([JSON.stringify(header), ...lines, ""].join("\n"));
  return readBundle(new TextEncoder().encode(text));
}

function said(text: string, program?: unknown): object {
  const written = program === undefined ? {} : { program: JSON.stringify(program) };
  return { path: "a.prompt.yaml", text, starts: [1, 1], ...written };
}

test("a former id and a former input have the current prompt and name; a default is filled in", async () => {
  const inputs = {
    properties: { name: { type: "string", "x-aliases": ["who"] }, count: { default: 1.5, type: "number" } },
    additionalProperties: false,
  };
  const parts = [said("{{ name }} {{ count }}")];
  const bundle = await bundleOf({ inputs: JSON.stringify(inputs), messages: [{ role: "user", plain: true, parts }] });

  const request = bundle.get("old/name").render({ who: "Ada", count: undefined });

  assert.deepEqual(request.messages, [{ role: "user", content: "Ada 1.5" }]);
  assert.deepEqual([request.prompt, request.inputs], ["a", { name: "Ada", count: 1.5 }]);
  assert.throws(() => bundle.get("b"), NotFound);
  assert.throws(() => bundle.get("constructor"), NotFound);
});

test("a default that is written as a float prints as one, and is a number everywhere else", async () => {
  const inputs = '{"properties":{"rate":{"type":"number","default":1.0}}}';
  const bundle = await bundleOf({ inputs, messages: [{ role: "user", plain: true, parts: [said("{{ rate }}")] }] });

  const request = bundle.get("a").render();

  assert.deepEqual([request.messages[0]?.content, request.inputs], ["1.0", { rate: 1 }]);
});

test("messages follow `when`, `for_each` and the caller's history", async () => {
  const when = { ...said("item.shown"), program: JSON.stringify(["attr", 4, ["name", 0, "item"], "shown"]) };
  const bundle = await bundleOf({
    messages: [
      {
        for_each: "items",
        as: "item",
        messages: [
          {
            role: "user",
            plain: true,
            when,
            parts: [said("{{ item.text }}", ["template", 0, [["out", 0, [["attr", 7, ["name", 3, "item"], "text"]]]]])],
          },
        ],
      },
      { history: "turns", last: 1 },
    ],
  });
  const items = [{ shown: true, text: "one\n" }, { shown: false }, { shown: true, text: "three" }];

  const request = bundle.get("a").render({
    items,
    turns: [
      { role: "user", content: "no" },
      { role: "user", content: "{{ x }}" },
    ],
  });

  assert.deepEqual(
    request.messages.map(({ content }) => content),
    ["one", "three", "{{ x }}"],
  );
  assert.throws(() => bundle.get("a").render({ items: 3 }), /`items` is not a list/);
  assert.throws(() => bundle.get("a").render({ items: [{}] }), {
    message: "this object has no `shown`",
    where: "a.prompt.yaml:1:6",
  });
});

test("a schema with a pattern that only Python has is refused with the pattern", async () => {
  const properties = { a: { type: "string", pattern: "(?P<digit>[0-9])" } };
  const ofInputs = await bundleOf({ inputs: JSON.stringify({ properties }) });
  const output = { format: "json", schema: JSON.stringify({ patternProperties: { "\\A1": {} } }) };
  const ofAnswers = await bundleOf({ output });

  assert.throws(() => ofInputs.get("a").render({ a: "1" }), {
    message: "`inputs` is not a valid schema: the pattern `(?P<digit>[0-9])` is not one of JavaScript",
  });
  assert.throws(() => ofAnswers.get("a").parse("{}"), {
    message: "`output` has no valid schema: the pattern `\\A1` is not one of JavaScript",
  });
});

test("inputs that are not JSON data are refused at their pointers", async () => {
  const bundle = await bundleOf({ inputs: '{"properties":{"a":{"type":"string","maxLength":2}},"required":["a"]}' });
  const loop: unknown[] = [];
  loop.push(loop);
  const wrong = [
    {},
    { a: 1 },
    { a: "abc" },
    { a: new Date() },
    { a: { "b/c": [2 ** 60] } },
    { a: 1n },
    { a: "\ud800" },
    { a: Number.NaN },
    null,
  ];

  const found = wrong.map((inputs) => problems(bundle, inputs));

  assert.deepEqual(found, ["", "/a", "/a", "/a", "/a/b~1c/0", "/a", "/a", "/a", ""]);
  assert.match(problems(bundle, { a: loop }), /^(\/a|)(\/0)+$/);
});

function problems(bundle: Bundle, inputs: unknown): string {
  try {
    bundle.get("a").render(inputs as object);
  } catch (error) {
    assert.ok(error instanceof RenderError);
    return error.inputs.map(({ pointer }) => pointer).join();
  }
  return "none";
}

test("the arguments for Gemini have the names of its JavaScript client, and the caller's keys stay", () => {
  const call = { function_call: { id: "1", args: { some_key: 1 } }, thought_signature: "s" };
  const media = { inline_data: { data: Uint8Array.from([104, 105]), mime_type: "text/plain" } };

  assert.deepEqual(forJavaScript({ contents: [{ parts: [call, media] }], config: { stop_sequences: ["a_b"] } }), {
    contents: [
      {
        parts: [
          { functionCall: { id: "1", args: { some_key: 1 } }, thoughtSignature: "s" },
          { inlineData: { data: "aGk=", mimeType: "text/plain" } },
        ],
      },
    ],
    config: { stopSequences: ["a_b"] },
  });
});
