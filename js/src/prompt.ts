/** A prompt of a bundle, ready to render. */
import { type Json, type JsonObject, isObject, own, plain } from "./data";
import { type Answer, Answers } from "./answers";
import { RenderError } from "./errors";
import { holds, renderText } from "./evaluate";
import { Inputs as InputSchema } from "./inputs";
import { MAX_MEDIA_BYTES, TemplateFailure } from "./limits";
import { isAddress, isBase64, mediaTypeOfFile } from "./media";
import type { MediaPart, Message, Part, PromptData, TextPart, Turn } from "./prompt_data";
import { RenderedRequest, type RequestSettings } from "./request";
import { Run, type Text } from "./scope";
import { Dict, toValue } from "./values";

const MAX_TURNS = 1_000;

export type Load = (path: string, name: string) => Text | undefined;
export type ReadFile = (path: string) => string | undefined;

/** The arguments of `render`: the inputs can be left out if none is required. */
export type RenderArguments<Inputs> = {} extends Inputs ? [inputs?: Inputs] : [inputs: Inputs];

/** `Inputs` and `Output` are the types that `promptops stubs --format typescript` writes. */
export class Prompt<Inputs extends object = object, Output = unknown> {
  private readonly checked: InputSchema;
  private answers: Answers | undefined;
  private readonly settings: RequestSettings;

  constructor(
    private readonly data: PromptData,
    /** The name of the release's tag; null for a revision that is not a release. */
    readonly release: string | null,
    /** The channel by which the bundle was loaded, or null. */
    readonly channel: string | null,
    private readonly load: Load,
    private readonly readFile: ReadFile,
  ) {
    try {
      this.checked = new InputSchema(data.inputs);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RenderError(`\`inputs\` is not a valid schema: ${reason}`, [], undefined, { where: data.id });
    }
    this.settings = settingsOf(data);
  }

  /** The current id, also if the prompt was requested by a former one. */
  get id(): string {
    return this.data.id;
  }
  /** The prompt's own version; null if the bundle is not a release. */
  get version(): string | null {
    return this.data.version;
  }
  /** SHA-256, in hexadecimal, of the prompt's content. */
  get digest(): string {
    return this.data.digest;
  }
  get status(): string {
    return this.data.status;
  }
  get description(): string {
    return this.data.description;
  }
  get metadata(): Record<string, unknown> {
    return plain(this.data.metadata) as Record<string, unknown>;
  }
  /** The JSON Schema of the inputs that `render` accepts. */
  get inputs(): Record<string, unknown> {
    return plain(this.data.inputs) as Record<string, unknown>;
  }
  /** The JSON Schema of the answer; null for a string. */
  get output(): Record<string, unknown> | null {
    return this.data.output.schema === undefined ? null : (plain(this.data.output.schema) as Record<string, unknown>);
  }

  /** The request for these inputs, checked and with their defaults; throws a RenderError. */
  render(...[inputs = {} as Inputs]: RenderArguments<Inputs>): RenderedRequest {
    const { data } = this;
    if (data.model.profile !== undefined && data.model.id === undefined) {
      const message = `there is no profile \`${data.model.profile}\`: the request has no model`;
      throw new RenderError(message, [], undefined, { where: data.id });
    }
    const { accepted, problems } = this.checked.accept(inputs);
    if (problems.length)
      throw new RenderError(problems.map(({ message }) => message).join("; "), problems, undefined, { where: data.id });
    const messages = placed(data.id, () => new Rendering(data, accepted, this.load, this.readFile).walk());
    return new RenderedRequest(
      { ...this.settings, messages },
      {
        prompt: data.id,
        version: data.version,
        inputs: accepted,
        release: this.release,
        channel: this.channel,
        digest: data.digest,
      },
    );
  }

  /**
   * The value of an answer: a string, or JSON data that matches the output schema.
   *
   * `answer` is what the client of OpenAI (chat completion or response), Anthropic or Google returned, the same as
   * JSON data, or a string. Throws an AnswerError, and an InputError for what is not a model's answer.
   */
  parse(answer: unknown): Answer<Output> {
    this.answers ??= new Answers(this.data.id, this.data.output);
    return { value: this.answers.parse(answer) as Output }; // it was checked
  }
}

function placed<T>(id: string, render: () => T): T {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof TemplateFailure)) throw error;
    const { place } = error;
    const where = place === undefined ? id : `${place.path}:${place.line}:${place.column}`;
    throw new RenderError(error.message, [], place, { where });
  }
}

function settingsOf({ model, tools, tool_choice, output }: PromptData): RequestSettings {
  return {
    model: withoutMissing({ provider: model.provider, id: model.id }),
    params: model.params,
    provider_options: model.provider_options,
    tools: tools.map(({ name, description, parameters, strict }) => ({ name, description, parameters, strict })),
    tool_choice,
    response_format:
      output.schema === undefined && output.format !== "json"
        ? null
        : withoutMissing({ ...output, strict: output.strict || undefined }),
    any_api: model.any_api,
  };
}

function withoutMissing(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}

/** One rendering of the messages with one set of inputs; throws TemplateFailure. */
class Rendering {
  private readonly messages: JsonObject[] = [];
  private readonly run: Run;

  constructor(
    private readonly prompt: PromptData,
    private readonly inputs: JsonObject,
    load: Load,
    private readonly readFile: ReadFile,
  ) {
    this.run = new Run(load);
  }

  walk(): JsonObject[] {
    const names = toValue(this.inputs) as Dict;
    for (const turn of this.prompt.messages) {
      if ("role" in turn) this.message(turn, names);
      else if ("messages" in turn)
        for (const item of this.items(turn)) this.group(turn.messages, withName(names, turn.as, item));
      else this.history(turn);
    }
    return this.messages;
  }

  private group(messages: readonly Message[], names: Dict): void {
    for (const message of messages) this.message(message, names);
  }

  private message(message: Message, names: Dict): void {
    if (message.when !== undefined && !holds(message.when, names, this.run)) return;
    const parts = message.parts.filter((part) => part.when === undefined || holds(part.when, names, this.run));
    this.add(
      messageData(message, message.plain ? this.plainText(parts, names) : parts.map((part) => this.part(part, names))),
    );
  }

  private plainText(parts: readonly Part[], names: Dict): string {
    const texts = parts.filter((part): part is TextPart => "text" in part).map(({ text }) => this.text(text, names));
    return texts[0] ?? "";
  }

  private text(text: Text, names: Dict): string {
    return renderText(text, names, this.run).replace(/\n+$/, "");
  }

  private part(part: Part, names: Dict): JsonObject {
    if ("text" in part) return { type: "text", text: this.text(part.text, names) };
    return { ...withoutMissing({ type: part.kind, detail: part.detail, title: part.title }), ...this.content(part) };
  }

  /** A URL stays a URL, a file becomes a `data:` URL, and so does base64 whose media type is declared. */
  private content(part: MediaPart): JsonObject {
    if (part.origin === "file") return { url: this.fileUrl(part.value) };
    const value = part.origin === "input" ? own(this.inputs, part.value) : part.value;
    if (value === undefined || value === null || value === "" || value === false)
      return this.fail(`\`${part.value}\` has no value`);
    if (isAddress(value) || part.origin === "url") return { url: value };
    if (typeof value !== "string" || !isBase64(value))
      return this.fail(`\`${part.value}\` is neither base64, a \`data:\` URL nor an address`);
    const kind = own(own(own(this.prompt.inputs, "properties"), part.value), "contentMediaType");
    return kind ? { url: `data:${String(kind)};base64,${value}` } : { data: value };
  }

  private fileUrl(path: string): string {
    const data = this.readFile(path);
    if (data === undefined) return this.fail(`there is no file \`${path}\``);
    if (data.length * 0.75 - 2 > MAX_MEDIA_BYTES) this.fail(`\`${path}\` is larger than 2 MB`);
    return `data:${mediaTypeOfFile(path)};base64,${data}`;
  }

  /** The caller's conversation, unchanged: it is never rendered as a template. */
  private history(turn: Extract<Turn, { last: number | undefined }>): void {
    const items = this.items(turn);
    for (const item of turn.last === undefined ? items : items.slice(Math.max(items.length - turn.last, 0))) {
      if (!isObject(item)) this.fail(`\`${turn.source}\` contains an item that is not a message`);
      this.add(item as JsonObject);
    }
  }

  private items({ source }: { readonly source: string }): readonly Json[] {
    const found = own(this.inputs, source) ?? [];
    return Array.isArray(found) ? found : this.fail(`\`${source}\` is not a list`);
  }

  private add(message: JsonObject): void {
    if (this.messages.length >= MAX_TURNS) this.fail(`over ${MAX_TURNS} messages`, true);
    this.messages.push(message);
  }

  private fail(message: string, isRefused = false): never {
    const failure = new TemplateFailure(message, isRefused);
    failure.place = { path: this.prompt.path, line: 1, column: 1 };
    throw failure;
  }
}

function withName(names: Dict, name: string, item: Json): Dict {
  const found = new Dict();
  for (const [key, value] of names.entries()) found.set(key, value);
  return found.set(name, toValue(item));
}

function messageData(message: Message, content: Json): JsonObject {
  return withoutMissing({
    role: message.role,
    content,
    name: message.name,
    tool_calls: message.tool_calls.length ? message.tool_calls : undefined,
    tool_call_id: message.tool_call_id,
    cache: message.cache || undefined,
  });
}
