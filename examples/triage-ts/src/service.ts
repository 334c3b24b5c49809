/**
 * A ticket desk as a small service: `POST /tickets` takes a ticket, and answers where it goes and a draft of the reply.
 *
 * A ticket that can't be answered goes to people, with the reason. The prompts come from the site in PROMPTOPS_SOURCE,
 * signed by a key in the file that PROMPTOPS_TRUST names.
 */
import { type IncomingMessage, createServer } from "node:http";
import OpenAI from "openai";
import { AnswerError, type Bundle, PromptopsError, type RenderedRequest, load } from "promptops";
import type { DeskTriageInputs, Prompts } from "./prompts.js";

const { CHANNEL = "production", PORT = "8081" } = process.env;
const MAX_TICKET_BYTES = 40_000;
const client = new OpenAI({ timeout: 60_000 }); // reads OPENAI_API_KEY and OPENAI_BASE_URL

type Result = { id: unknown; queue: string } & Record<string, unknown>;

/** Where a ticket goes; what is wrong with one does not stop the service. */
async function handled(body: string): Promise<Result> {
  let id: unknown = null;
  try {
    const ticket = JSON.parse(body) as { id?: unknown } | null; // `render` checks what is in it
    const { id: named = null, ...inputs } = ticket ?? {};
    id = named;
    return { id, ...(await answered(inputs as DeskTriageInputs)) };
  } catch (error) {
    const reason = reasonOf(error);
    log("warning", { ticket: id, reason });
    return { id, queue: "people", reason };
  }
}

async function answered(inputs: DeskTriageInputs): Promise<{ queue: string } & Record<string, unknown>> {
  const prompts = await load<Prompts>(CHANNEL); // both prompts are of one release, even if the channel moves now
  const triage = prompts.get("desk/triage");
  const sorting = triage.render(inputs);
  const found = await twice(async () => {
    const completion = await client.chat.completions.create(sorting.openai());
    await note(sorting, prompts);
    return triage.parse(completion).value;
  });
  const reply = prompts.get("desk/reply");
  const drafting = reply.render({ ...inputs, category: found.category });
  const completion = await client.chat.completions.create(drafting.openai());
  await note(drafting, prompts);
  return { queue: inputs.product, ...found, reply: reply.parse(completion).value };
}

/** The second try, if the first answer is not what the prompt promises. */
async function twice<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    log("warning", { again: reasonOf(error) });
    return ask();
  }
}

/** The prompt, its release and the request, without the customer's words. */
async function note(request: RenderedRequest, prompts: Bundle<Prompts>): Promise<void> {
  log("info", { ...(await request.attributes()), stale: prompts.stale }); // watch `stale`: the site can't be reached
}

function reasonOf(error: unknown): string {
  if (error instanceof PromptopsError) return [error.where, error.message, error.hint].filter(Boolean).join(": ");
  if (error instanceof OpenAI.OpenAIError) return `the model did not answer: ${error.message}`;
  return error instanceof SyntaxError ? `it is no ticket: ${error.message}` : String(error);
}

function log(level: string, facts: object): void {
  console.error(JSON.stringify({ level, ...facts }));
}

const server = createServer(async (request, response) => {
  const answer = (status: number, body: object): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
  };
  if (request.method !== "POST" || request.url !== "/tickets") return answer(404, { error: "POST /tickets" });
  try {
    const body = await read(request);
    if (body === undefined) return answer(413, { error: `a ticket has at most ${MAX_TICKET_BYTES} bytes` });
    answer(200, await handled(body));
  } catch (error) {
    answer(400, { error: reasonOf(error) });
  }
});

/** The body; undefined if it is too long, of which no more is read. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_TICKET_BYTES) return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}

try {
  const prompts = await load<Prompts>(CHANNEL, { timeoutSeconds: 30 });
  prompts.get("desk/triage");
  prompts.get("desk/reply");
  const { release, digest } = prompts;
  server.listen(Number(PORT), "127.0.0.1", () => log("info", { open: server.address(), release, digest }));
} catch (error) {
  log("error", { closed: reasonOf(error) });
  process.exitCode = 2;
}
