/**
 * An application with the official clients: sends each request of a file to a server, and prints what `parse` gives.
 *
 * `tsc --strict` checks it against the packed npm package: no argument of a client needs a cast.
 */
import { readFile } from "node:fs/promises";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { AnswerError, type RenderedRequest, UnsupportedRequest, readBundle } from "promptops";

interface Case {
  readonly bundle: number;
  readonly prompt: string;
  readonly inputs: object;
}

const [file = "", address = ""] = process.argv.slice(2);
const shared = { apiKey: "no-key", maxRetries: 0 };
const openai = new OpenAI({ ...shared, baseURL: `${address}/v1` });
const anthropic = new Anthropic({ ...shared, baseURL: address });
const google = new GoogleGenAI({ apiKey: "no-key", httpOptions: { baseUrl: address } });

const clients = {
  openai: (request: RenderedRequest): Promise<unknown> => openai.chat.completions.create(request.openai()),
  responses: (request: RenderedRequest): Promise<unknown> => openai.responses.create(request.responses()),
  anthropic: (request: RenderedRequest): Promise<unknown> => anthropic.messages.create(request.anthropic()),
  gemini: (request: RenderedRequest): Promise<unknown> => google.models.generateContent(request.gemini()),
};

/** The results keep their types: an answer is not `unknown`. */
export async function typed(request: RenderedRequest): Promise<(string | null | undefined)[]> {
  const completion = await openai.chat.completions.create(request.openai());
  const response = await openai.responses.create(request.responses());
  const message = await anthropic.messages.create(request.anthropic());
  const content = await google.models.generateContent(request.gemini());
  return [completion.choices[0]?.message.content, response.output_text, message.stop_reason, content.text];
}

const { bundles, cases } = JSON.parse(await readFile(file, "utf8")) as { bundles: string[]; cases: Case[] };
const opened = await Promise.all(bundles.map((text) => readBundle(new TextEncoder().encode(text))));
for (const { bundle, prompt: id, inputs } of cases) {
  const prompt = opened[bundle]?.get(id);
  if (prompt === undefined) throw new Error(`there is no bundle ${bundle}`);
  for (const send of Object.values(clients)) {
    try {
      console.log(JSON.stringify(prompt.parse(await send(prompt.render(inputs)))));
    } catch (error) {
      if (!(error instanceof UnsupportedRequest || error instanceof AnswerError)) throw error;
      console.log(error.name);
    }
  }
}
