/** One prompt that is edited and tried: its texts, inputs, request and answers. */

import { batch, signal } from "@preact/signals";
import { ApiError, get, isAborted, post, postLines } from "./api";
import type { Inputs } from "./form/values";
import { pending, problem, reporting } from "./session";
import type { Finding, ModelAnswer, Preview, PromptRun, TestRun, UiPrompt } from "./types";

/** Waits this long for the next key before a request is sent. */
const PAUSE_MS = 10;
/** Waits this long before what only matters after typing. */
const REST_MS = 400;

/** An answer, complete or not, and the request that it belongs to. */
export interface ShownAnswers {
  readonly digest: string | null;
  readonly answers: readonly ModelAnswer[];
  readonly live: boolean;
}

/** The inputs that a person tried last, by prompt: they are there again after a look at another page. */
const remembered = new Map<string, { readonly inputs: Inputs; readonly case: string | null }>();

export class TriedPrompt {
  readonly texts = signal<UiPrompt | null>(null);
  /** Increases when the texts were replaced by others than the person typed. */
  readonly version = signal(0);
  readonly preview = signal<Preview | null>(null);
  /** Those of the texts a moment ago: they take longer than the request. */
  readonly findings = signal<readonly Finding[]>([]);
  readonly inputs = signal<Inputs>({});
  readonly recorded = signal<ShownAnswers | null>(null);
  readonly notRecorded = signal<ApiError | null>(null);
  readonly streaming = signal<readonly { profile: string; text: string }[] | null>(null);
  readonly live = signal<ShownAnswers | null>(null);
  /** What the server reports about the calls: which endpoint gets the request. */
  readonly notes = signal<readonly string[]>([]);
  readonly report = signal<TestRun | null>(null);
  readonly testing = signal(false);

  /** What was typed and not sent. */
  private readonly edits = new Map<string, string>();
  /** The texts were edited here after they were read. */
  private isEdited = false;
  private caseName: string | null = null;
  /** The request and the case whose recorded answer was read last. */
  private recordedOf = "";
  private isWanted = false;
  private isSending = false;
  private pause = 0;
  private rest = 0;
  private stopped: AbortController | null = null;

  constructor(readonly id: string) {}

  async open(): Promise<void> {
    const before = remembered.get(this.id);
    await reporting(async () => {
      const [texts, preview] = await Promise.all([
        get<UiPrompt>(`/api/prompt?id=${encodeURIComponent(this.id)}`),
        post<Preview>("/api/preview", { id: this.id, findings: false, ...before }),
      ]);
      batch(() => {
        this.showTexts(texts);
        this.shown(preview, true, false);
      });
      this.afterRest(0);
    });
  }

  close(): void {
    clearTimeout(this.pause);
    clearTimeout(this.rest);
    this.stopped?.abort();
  }

  /** A text was typed: the request follows. */
  edit(at: string, text: string): void {
    this.edits.set(at, text);
    this.isEdited = true;
    this.want();
  }

  /** The form was filled. */
  fill(inputs: Inputs): void {
    this.inputs.value = inputs;
    this.want();
  }

  /** Fills the form with the inputs of a case. */
  async choose(name: string): Promise<void> {
    this.caseName = name;
    await reporting(async () => {
      this.shown(await post<Preview>("/api/preview", { id: this.id, case: name, findings: false }), true, false);
      this.afterRest();
    });
  }

  async revert(): Promise<void> {
    this.edits.clear();
    await reporting(async () => {
      const texts = await post<UiPrompt>("/api/revert", { id: this.id });
      batch(() => {
        this.showTexts(texts, true);
        pending.value = pending.value.filter((path) => path !== texts.path);
      });
      this.want();
    });
  }

  /** Returns whether the case was kept. */
  async keep(name: string): Promise<boolean> {
    let isKept = false;
    await reporting(async () => {
      await this.sentEdits();
      const preview = await post<Preview>("/api/keep", { id: this.id, name, inputs: this.inputs.value });
      this.caseName = name;
      this.report.value = null;
      this.changed();
      this.shown(preview, false);
      this.afterRest();
      isKept = true;
    });
    return isKept;
  }

  async test(): Promise<void> {
    this.testing.value = true;
    await reporting(async () => {
      await this.sentEdits();
      this.report.value = await post<TestRun>("/api/test", { id: this.id });
    });
    this.testing.value = false;
  }

  /** Requests an answer of each profile, whose text is shown as it arrives. */
  async ask(models: readonly string[]): Promise<void> {
    this.stopped?.abort();
    const stopped = (this.stopped = new AbortController());
    const digest = this.preview.value?.digest ?? null;
    this.streaming.value = models.map((profile) => ({ profile, text: "" }));
    this.live.value = null;
    this.notes.value = [];
    await reporting(async () => {
      await this.sentEdits();
      const run = await streamedRun(this.request({ models }), stopped.signal, {
        text: (number, piece) => {
          this.streaming.value = (this.streaming.value ?? []).map((each, index) =>
            index === number ? { ...each, text: each.text + piece } : each,
          );
        },
        note: (line) => {
          this.notes.value = [...this.notes.value, line];
        },
      });
      this.live.value = { digest, answers: run.answers, live: true };
    });
    if (this.stopped === stopped) {
      this.streaming.value = null;
    }
  }

  stop(): void {
    this.stopped?.abort();
    this.streaming.value = null;
  }

  private request(more: object): object {
    const name = this.caseName === null ? {} : { case: this.caseName };
    return { id: this.id, ...name, inputs: this.inputs.value, ...more };
  }

  private want(): void {
    this.isWanted = true;
    clearTimeout(this.pause);
    this.pause = window.setTimeout(() => void this.send(), PAUSE_MS);
  }

  /** One request at a time: what was typed meanwhile goes into the next one. */
  private async send(): Promise<void> {
    if (this.isSending) {
      return;
    }
    this.isSending = true;
    while (this.isWanted) {
      this.isWanted = false;
      await reporting(async () => {
        const edited = await this.sentEdits();
        const preview = edited ?? (await post<Preview>("/api/preview", this.request({ findings: false })));
        this.shown(preview, false, false);
        problem.value = null;
      });
    }
    this.isSending = false;
    this.afterRest();
  }

  private async sentEdits(): Promise<Preview | null> {
    let preview: Preview | null = null;
    for (const [at, text] of [...this.edits]) {
      try {
        preview = await post<Preview>("/api/edit", this.request({ at, text, findings: false }));
      } finally {
        // What the server refuses it would refuse again.
        if (this.edits.get(at) === text) {
          this.edits.delete(at);
        }
      }
      this.changed();
    }
    return preview;
  }

  private changed(): void {
    const path = this.texts.value?.path;
    if (path !== undefined && !pending.value.includes(path)) {
      pending.value = [...pending.value, path];
    }
  }

  private shown(preview: Preview, withInputs: boolean, withFindings = true): void {
    batch(() => {
      const inputs = withInputs ? preview.inputs : this.inputs.value;
      remembered.set(this.id, { inputs, case: preview.case });
      this.preview.value = preview;
      if (withFindings) {
        this.findings.value = preview.findings;
      }
      if (withInputs) {
        this.inputs.value = preview.inputs;
        this.caseName = preview.case;
      }
    });
  }

  private afterRest(pause = REST_MS): void {
    clearTimeout(this.rest);
    this.rest = window.setTimeout(() => void Promise.all([this.readTexts(), this.readRecorded()]), pause);
  }

  /** Places in the file move while a text is edited; and others may have edited the file. */
  private async readTexts(): Promise<void> {
    const path = `/api/prompt?id=${encodeURIComponent(this.id)}`;
    const texts = await get<UiPrompt>(path).catch(() => null);
    const preview = await post<Preview>("/api/preview", this.request({})).catch(() => null);
    if (texts !== null && preview !== null && !this.isWanted && this.edits.size === 0) {
      batch(() => {
        this.showTexts(texts);
        this.shown(preview, false);
      });
    }
  }

  /** Editors show other texts only if another program changed them: the server may end a text differently. */
  private showTexts(texts: UiPrompt, always = false): void {
    const shown = this.texts.value?.texts ?? [];
    const isOther = !this.isEdited && texts.texts.some(({ text }, index) => text !== shown[index]?.text);
    const isSame = texts.texts.length === shown.length && texts.texts.every(({ at }, index) => at === shown[index]?.at);
    batch(() => {
      if (always || isOther || !isSame) {
        this.version.value += 1;
      }
      this.texts.value = texts;
      this.isEdited = false;
    });
  }

  private async readRecorded(): Promise<void> {
    const digest = this.preview.value?.digest ?? null;
    const wanted = `${digest} ${this.preview.value?.case ?? ""}`; // a case has assertions of its own
    if (digest === null || wanted === this.recordedOf) {
      return;
    }
    this.recordedOf = wanted;
    try {
      const run = await post<PromptRun>("/api/recorded", this.request({}));
      this.recorded.value = { digest, answers: run.answers, live: false };
      this.notRecorded.value = null;
    } catch (error) {
      if (!isAborted(error)) {
        this.recorded.value = null;
        this.notRecorded.value = error instanceof ApiError ? error : null;
      }
    }
  }
}

interface Streamed {
  readonly text?: { readonly number: number; readonly piece: string };
  readonly note?: string;
  readonly run?: PromptRun;
  readonly error?: { readonly errors: ApiError["errors"] };
}

/** Receives what arrives before the result. */
interface Arriving {
  readonly text: (number: number, piece: string) => void;
  readonly note: (line: string) => void;
}

/** The result of a run whose answers arrive in pieces; raises ApiError if there is none. */
export async function streamedRun(body: object, signal: AbortSignal, arriving: Arriving): Promise<PromptRun> {
  for await (const { text, note, run, error } of postLines<Streamed>("/api/answers", body, signal)) {
    if (run !== undefined) {
      return run;
    }
    if (error !== undefined) {
      throw new ApiError(500, error.errors);
    }
    if (text !== undefined) {
      arriving.text(text.number, text.piece);
    }
    if (note !== undefined) {
      arriving.note(note);
    }
  }
  throw new ApiError(500, [{ message: "the answer ended early", hint: null, where: null, place: null }]);
}
