import assert from "node:assert/strict";
import { test } from "node:test";
import { Answers } from "../src/answers";
import { AnswerError, InputError } from "../src/errors";
import type { OutputData } from "../src/prompt_data";
import { rows } from "./vectors";

interface AnswerRow {
  readonly api: string;
  readonly output: { readonly format: string; readonly schema?: Record<string, unknown> };
  readonly answer: unknown;
  readonly value?: unknown;
  readonly error?: string;
  readonly text?: string;
}

const KINDS: Record<string, string> = {
  "the answer is incomplete": "incomplete",
  "the answer is not JSON": "not JSON",
  "the answer does not fit the output schema": "misfit",
};

function outputOf({ format, schema }: AnswerRow["output"]): OutputData {
  return { format, schema, name: undefined, strict: false, description: undefined };
}

function parsed({ output, answer }: Pick<AnswerRow, "output" | "answer">): unknown {
  try {
    return { value: new Answers("ask", outputOf(output)).parse(answer) };
  } catch (error) {
    if (error instanceof AnswerError) {
      const [kind = ""] = error.message.split(": ");
      return { error: KINDS[kind], text: error.text };
    }
    assert.ok(error instanceof InputError);
    assert.match(error.message, / is not a model's answer$/);
    return { error: "not an answer" };
  }
}

test("each answer has its value, or its error with its text", () => {
  const all = rows<AnswerRow>("answers");
  for (const row of all) {
    const { api, output, answer, ...expected } = row;
    assert.deepEqual(parsed(row), expected, `${api}: ${JSON.stringify([output.format, answer])}`);
  }
  assert.ok(all.length > 150);
});

function message(output: AnswerRow["output"], answer: unknown): string {
  try {
    new Answers("ask", outputOf(output)).parse(answer);
  } catch (error) {
    assert.ok(error instanceof InputError);
    return [error.where, error.message, error.hint].filter((part) => part !== undefined).join(": ");
  }
  return "";
}

test("an error names the prompt, the reason, the place and the fix", () => {
  const schema = { type: "object", properties: { a: { items: { type: "string" } } } };
  const cut = { choices: [{ message: { content: "{" }, finish_reason: "length" }] };
  const deep = "[".repeat(100_000);

  const messages = [cut, "nothing", '{"a": [1]}', "12345678901234567890", "1e999", deep, new Date()].map((answer) =>
    message({ format: "json", schema }, answer),
  );

  assert.deepEqual(messages, [
    "ask: the answer is incomplete: it ended with 'length': increase `max_output_tokens`",
    "ask: the answer is not JSON: this is not JSON at character 0",
    'ask: the answer does not fit the output schema: type "number" is invalid. Expected "string", at /a/0',
    "ask: the answer is not JSON: 12345678901234567890 is an integer beyond 2^53",
    "ask: the answer is not JSON: a number that is too large",
    "ask: the answer is not JSON: it is nested too deep",
    "ask: Date is not a model's answer: pass `parse` what the client returned, or its text",
  ]);
  assert.match(
    message({ format: "json", schema: { $ref: "other.json" } }, "1"),
    /^ask: `output` has no valid schema: `other.json` is not found, and not fetched$/,
  );
});

test("the getters of a client's answer are read, and nothing else of its class", () => {
  class Response {
    get candidates(): unknown {
      return [{ content: { parts: [{ text: "1" }] }, finishReason: "STOP" }];
    }
    get text(): string {
      throw new Error("it warns");
    }
  }

  assert.deepEqual(parsed({ output: { format: "json" }, answer: new Response() }), { value: 1 });
});
