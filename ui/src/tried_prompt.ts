/** One prompt that is edited and tried: its texts, inputs, request and answers. */

import { batch, signal } from "@preact/signals";
import { ApiError, get, isAborted, post, postAtEnd, streamed } from "./api";
import type { Inputs } from "./form/values";
import { acting, change, pending, problem, readChange, reporting, RETRY_MS } from "./session";
import type { Finding, ModelAnswer, Preview, PromptRun, TestRun, UiPrompt, EditableText } from "./types";

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

/** A text that the server refused: it is in the editor only. */
export interface NotTaken {
  readonly text: string;
  readonly error: ApiError;
}

/** The prompts that are shown, and those that were left with a text that the server does not have. */
const edited = new Map<string, TriedPrompt>();

/** A prompt to edit, as it was left. */
export function editedPrompt(id: string): TriedPrompt {
  const found = edited.get(id) ?? new TriedPrompt(id);
  edited.set(id, found);
  return found;
}

/** Sends all that was typed. Returns the prompts with a refused text; raises ApiError if a text was not sent. */
export async function allSent(): Promise<readonly string[]> {
  for (const each of [...edited.values()]) {
    await each.flush();
  }
  return [...edited.values()].filter(({ notTaken }) => notTaken.value.size > 0).map(({ id }) => id);
}

window.addEventListener("pagehide", () => {
  for (const each of edited.values()) {
    each.leave();
  }
});

/** Undoes the changes of these prompts, and forgets texts that the server does not have. */
export async function undone(ids: Iterable<string>): Promise<void> {
  for (const id of new Set([...ids, ...edited.keys()])) {
    await editedPrompt(id).revert();
  }
}

export class TriedPrompt {
  readonly texts = signal<UiPrompt | null>(null);
  /** How often the text of a box, by its `at`, was replaced by another than the person typed. */
  readonly versions = signal<ReadonlyMap<string, number>>(new Map());
  readonly preview = signal<Preview | null>(null);
  /** Those of the texts a moment ago: they take longer than the request. */
  readonly findings = signal<readonly Finding[]>([]);
  readonly inputs = signal<Inputs>({});
  readonly recorded = signal<ShownAnswers | null>(null);
  readonly notRecorded = signal<ApiError | null>(null);
  readonly streaming = signal<readonly { profile: string; text: string }[] | null>(null);
  readonly live = signal<ShownAnswers | null>(null);
  /** The last request for answers was stopped. */
  readonly isStopped = signal(false);
  /** What the server reports about calls that are under way: which endpoint gets the request. */
  readonly notes = signal<readonly string[]>([]);
  readonly report = signal<TestRun | null>(null);
  /** The report is that of other texts than the server has now. */
  readonly isReportOld = signal(false);
  readonly testing = signal(false);
  /** The texts that the server refused, by their `at`, until they are typed again. */
  readonly notTaken = signal<ReadonlyMap<string, NotTaken>>(new Map());

  /** What was typed and not sent. */
  private readonly edits = new Map<string, string>();
  /** The texts of the server that the editors show, or showed before a person typed: others may have edited them. */
  private readonly known = new Map<string, string>();
  /** The texts that were sent last: their answers may have been lost. */
  private readonly sent = new Map<string, string>();
  private caseName: string | null = null;
  /** The request and the case whose recorded answer was read last. */
  private recordedOf = "";
  /** The case whose inputs are to be shown. */
  private chosen: string | null = null;
  private isOpen = false;
  private isWanted = false;
  private sending: Promise<void> | null = null;
  /** Why what was typed or chosen is not sent yet. */
  private failure: ApiError | null = null;
  /** The numbers of the last request, and of the request whose answer is shown. */
  private asked = 0;
  private newest = 0;
  private pause: ReturnType<typeof setTimeout> | undefined;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private stopped: AbortController | null = null;

  constructor(readonly id: string) {}

  /** Reads the prompt, with the inputs of a case or with those that were tried last. */
  async open(name: string | null = null): Promise<void> {
    this.isOpen = true;
    await allSent().catch(() => undefined); // is shown, and sent again
    const before = name === null ? remembered.get(this.id) : { case: name };
    await reporting(async () => {
      const [texts, preview] = await Promise.all([
        get<UiPrompt>(`/api/prompt?id=${encodeURIComponent(this.id)}`),
        post<Preview>("/api/preview", { id: this.id, findings: false, ...before }),
      ]);
      batch(() => {
        this.showTexts(texts, true); // editors were made with what was known when the page was left
        this.shown(preview, true, false);
      });
      this.afterRest(0);
    });
  }

  /** Sends again what did not arrive, and reads what others may have changed. */
  again(): void {
    if (this.failure === null) {
      this.afterRest(0);
    } else {
      this.isWanted = true;
      void this.send();
    }
  }

  /** Sends what was typed; what the server does not take is there again when the prompt is. */
  close(): void {
    this.isOpen = false;
    clearTimeout(this.rest);
    this.stopped?.abort();
    if (this.texts.value !== null) {
      this.texts.value = this.asTyped(this.texts.value);
    }
    void this.flush().catch(() => undefined);
  }

  /** Sends what was typed; raises ApiError if the server does not get it. */
  async flush(): Promise<void> {
    clearTimeout(this.pause);
    await this.send();
    if (this.edits.size > 0 && this.failure !== null) {
      throw this.failure;
    }
    this.forget();
  }

  /** Sends what was typed, and reads the texts, which another tab may have changed. */
  async synchronize(): Promise<void> {
    await this.flush();
    await this.readTexts();
  }

  /** The window is closed or reads the page again: what was typed a moment ago is sent at once. */
  leave(): void {
    for (const [at, text] of this.edits) {
      const underWay = this.sending === null ? undefined : this.sent.get(at);
      const was = underWay === undefined || underWay === text ? this.known.get(at) : underWay;
      postAtEnd("/api/edit", this.request({ at, text, was, findings: false }));
    }
  }

  /** A text was typed: the request follows. */
  edit(at: string, text: string): void {
    this.edits.set(at, text);
    if (this.other(at) === null) {
      this.markTaken(at);
    }
    this.want();
  }

  /** The text that another tab or program gave to a box meanwhile; null if it is the one that the page shows. */
  other(at: string): string | null {
    return this.notTaken.value.get(at)?.error.otherText ?? null;
  }

  /** Of two texts of a box, takes the one that is typed here, or the other one. */
  settle(at: string, isTyped: boolean): void {
    const [refused, other] = [this.notTaken.value.get(at), this.other(at)];
    if (refused === undefined || other === null) {
      return;
    }
    this.known.set(at, other);
    this.markTaken(at);
    if (isTyped) {
      this.edits.set(at, this.edits.get(at) ?? refused.text);
    } else {
      this.edits.delete(at);
      batch(() => {
        this.setText(at, other);
        this.remake([at]);
      });
    }
    this.want();
  }

  /** Gives boxes other texts, as if a person had typed them. */
  replace(texts: readonly { readonly at: string; readonly text: string }[]): void {
    batch(() => {
      for (const { at, text } of texts) {
        this.setText(at, text);
        this.edit(at, text);
      }
      this.remake(texts.map(({ at }) => at));
    });
  }

  private setText(at: string, text: string): void {
    const shown = this.texts.value;
    if (shown !== null) {
      this.texts.value = { ...shown, texts: shown.texts.map((each) => (each.at === at ? { ...each, text } : each)) };
    }
  }

  /** The editors of these boxes are made again, with the texts as they are now. */
  private remake(boxes: readonly string[]): void {
    const { value } = this.versions;
    this.versions.value = new Map([...value, ...boxes.map((at) => [at, (value.get(at) ?? 0) + 1] as const)]);
  }

  /** The form was filled. */
  fill(inputs: Inputs): void {
    this.inputs.value = inputs;
    this.chosen = null;
    this.want();
  }

  /** Fills the form with the inputs of a case, unless it is filled meanwhile. */
  async choose(name: string): Promise<void> {
    this.chosen = name;
    this.isWanted = true;
    await this.send();
  }

  async revert(): Promise<void> {
    this.edits.clear();
    this.notTaken.value = new Map();
    await this.sending; // or an edit arrives after it
    await acting(async () => {
      this.showTexts(await post<UiPrompt>("/api/revert", { id: this.id }), true);
      this.report.value = null;
      if (this.isOpen) {
        this.want();
      }
      await readChange();
    });
    this.forget();
  }

  /** Keeps the inputs as a case whose answer must contain some texts. Returns whether it was kept. */
  async keep(name: string, contains: readonly string[]): Promise<boolean> {
    let isKept = false;
    await acting(async () => {
      await this.flush();
      const number = (this.asked += 1);
      const preview = await post<Preview>("/api/keep", { id: this.id, name, inputs: this.inputs.value, contains });
      this.caseName = name;
      this.report.value = null;
      isKept = true;
      if (this.isNewest(number)) {
        this.shown(preview, false);
      }
      this.afterRest();
      await readChange();
    });
    return isKept;
  }

  async test(): Promise<void> {
    this.testing.value = true;
    try {
      await acting(async () => {
        await this.synchronize();
        this.isReportOld.value = false; // what is edited while the cases run makes it old
        this.report.value = await post<TestRun>("/api/test", { id: this.id });
      });
    } finally {
      this.testing.value = false;
    }
  }

  /** Gets the answer of the prompt's own model that a case needs, and runs the cases with it. */
  async answerCase(name: string, own: string): Promise<void> {
    await this.choose(name);
    await this.ask([own]);
    await this.test();
  }

  /** Requests an answer of each profile, whose text is shown as it arrives. */
  async ask(models: readonly string[]): Promise<void> {
    this.stopped?.abort();
    const stopped = (this.stopped = new AbortController());
    this.streaming.value = models.map((profile) => ({ profile, text: "" }));
    this.live.value = null;
    this.isStopped.value = false;
    this.notes.value = [];
    try {
      await acting(() => this.answer(models, stopped.signal));
    } finally {
      if (this.stopped === stopped) {
        this.streaming.value = null;
        this.notes.value = [];
      }
    }
  }

  stop(): void {
    this.stopped?.abort();
    this.isStopped.value = this.streaming.value !== null;
    this.streaming.value = null;
    this.notes.value = [];
  }

  /** Whether the model of the prompt, or a recording, answered the request that is shown. */
  get hasOwnAnswer(): boolean {
    const digest = this.preview.value?.digest ?? null;
    const own = this.texts.value?.model ?? null;
    const { live, recorded } = this;
    const answers = live.value?.digest === digest ? live.value.answers : [];
    return recorded.value?.digest === digest || answers.some((each) => each.profile === own && each.answer !== null);
  }

  private async answer(models: readonly string[], stopped: AbortSignal): Promise<void> {
    await this.synchronize(); // the answer is to what the page shows
    stopped.throwIfAborted();
    const digest = this.preview.value?.digest ?? null;
    const run = await streamed<PromptRun>("/api/answers", this.request({ models }), stopped, {
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
  }

  private request(more: object): object {
    const name = this.caseName === null ? {} : { case: this.caseName };
    return { id: this.id, ...name, inputs: this.inputs.value, ...more };
  }

  private want(): void {
    this.isWanted = true;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => void this.send(), PAUSE_MS);
  }

  /** One request at a time: what was typed meanwhile goes into the next one. */
  private send(): Promise<void> {
    if (this.sending === null && (this.isWanted || this.edits.size > 0)) {
      this.isWanted = true;
      this.sending = this.sendWanted();
    }
    return this.sending ?? Promise.resolve();
  }

  private async sendWanted(): Promise<void> {
    try {
      while (this.isWanted) {
        this.isWanted = false;
        await reporting(() => this.sendOnce());
      }
    } finally {
      this.sending = null;
      this.afterRest();
      this.retry();
      this.forget();
    }
  }

  private async sendOnce(): Promise<void> {
    const { chosen } = this;
    const number = (this.asked += 1);
    try {
      const edited = await this.sentEdits();
      const preview = await this.previewed(chosen, edited);
      if (chosen === this.chosen && this.isNewest(number)) {
        this.shown(preview, chosen !== null, false);
        problem.value = null;
      }
      this.failure = null;
    } catch (error) {
      this.failure = error instanceof ApiError && !isRefusal(error) ? error : null;
      throw error;
    } finally {
      this.chosen = chosen === this.chosen && this.failure === null ? null : this.chosen;
    }
  }

  private async previewed(chosen: string | null, edited: Preview | null): Promise<Preview> {
    if (chosen !== null) {
      return post<Preview>("/api/preview", { id: this.id, case: chosen, findings: false });
    }
    return edited ?? post<Preview>("/api/preview", this.request({ findings: false }));
  }

  /** Whether no answer to a later request is shown. */
  private isNewest(number: number): boolean {
    const isNewest = number >= this.newest;
    this.newest = Math.max(number, this.newest);
    return isNewest;
  }

  private async sentEdits(): Promise<Preview | null> {
    let preview: Preview | null = null;
    for (const [at, text] of [...this.edits]) {
      if (this.edits.get(at) === text) {
        preview = (await this.sentEdit(at, text)) ?? preview;
      }
    }
    return preview;
  }

  private async sentEdit(at: string, text: string): Promise<Preview | null> {
    let preview: Preview | null = null;
    const was = this.known.get(at);
    const before = this.sent.get(at);
    this.sent.set(at, text);
    try {
      preview = await post<Preview>("/api/edit", this.request({ at, text, was, findings: false }));
      this.known.set(at, text);
      this.markTaken(at);
      this.changed(at, text);
    } catch (error) {
      if (!isRefusal(error)) {
        throw error;
      }
      if (before !== undefined && before !== was && error.otherText === before) {
        this.known.set(at, before); // it arrived, and its answer was lost
        return this.sentEdit(at, text);
      }
      if (this.edits.get(at) === text) {
        this.notTaken.value = new Map([...this.notTaken.value, [at, { text, error }]]);
      }
    }
    if (this.edits.get(at) === text) {
      this.edits.delete(at);
    }
    return preview;
  }

  /** Another token is needed after a 401: it comes with a new address. */
  private retry(): void {
    if (this.failure !== null && this.failure.status !== 401 && (this.isOpen || this.edits.size > 0)) {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.again(), RETRY_MS);
    }
  }

  private forget(): void {
    if (!this.isOpen && this.edits.size === 0 && this.notTaken.value.size === 0 && edited.get(this.id) === this) {
      edited.delete(this.id);
    }
  }

  private markTaken(at: string): void {
    if (this.notTaken.value.has(at)) {
      this.notTaken.value = new Map([...this.notTaken.value].filter(([each]) => each !== at));
    }
  }

  private changed(at: string, text: string): void {
    const path = this.texts.value?.texts.find((each) => each.at === at)?.path;
    batch(() => {
      this.setText(at, text);
      this.isReportOld.value = true;
      if (change.value !== null && change.value.saved !== null) {
        pending.value = change.value.files.map((file) => file.path);
        change.value = { ...change.value, saved: null };
      }
      if (path !== undefined && !pending.value.includes(path)) {
        pending.value = [...pending.value, path];
      }
      if (this.texts.value?.pending === false) {
        this.texts.value = { ...this.texts.value, pending: true };
      }
    });
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
    if (!this.isOpen) {
      return;
    }
    this.rest = setTimeout(() => void Promise.all([this.readTexts(), this.readRecorded()]), pause);
  }

  /** Places in the file move while a text is edited; and others may have edited the file. */
  private async readTexts(): Promise<void> {
    const number = (this.asked += 1);
    const path = `/api/prompt?id=${encodeURIComponent(this.id)}`;
    const texts = await get<UiPrompt>(path).catch(() => null);
    const preview = await post<Preview>("/api/preview", this.request({})).catch(() => null);
    const isLate = this.isWanted || this.sending !== null || this.edits.size > 0;
    if (texts !== null && preview !== null && !isLate && this.isNewest(number)) {
      batch(() => {
        this.showTexts(texts);
        this.shown(preview, false);
      });
    }
  }

  /** A box shows another text if the server has another one than it shows, and nothing is typed in it. */
  private showTexts(read: UiPrompt, always = false): void {
    const shown = this.texts.value?.texts ?? [];
    const isSame = read.texts.length === shown.length && read.texts.every(({ at }, index) => at === shown[index]?.at);
    const isLeft = ({ at, text }: EditableText) => this.typed(at) === undefined && this.known.get(at) !== text;
    const remade = read.texts.filter((text) => always || !isSame || isLeft(text));
    batch(() => {
      this.remake(remade.map(({ at }) => at));
      this.texts.value = this.asTyped(read);
      this.isReportOld.value ||= !always && remade.length > 0;
      for (const { at, text } of read.texts) {
        if (this.typed(at) === undefined) {
          this.known.set(at, text);
        }
      }
      if (!read.pending) {
        const own = new Set([read.path, ...read.texts.map(({ path }) => path)]);
        pending.value = pending.value.filter((path) => !own.has(path));
      }
    });
  }

  /** With what the editors show and the server does not have. */
  private asTyped(prompt: UiPrompt): UiPrompt {
    return { ...prompt, texts: prompt.texts.map((text) => ({ ...text, text: this.typed(text.at) ?? text.text })) };
  }

  /** What the editor of a box shows and the server does not have. */
  private typed(at: string): string | undefined {
    return this.edits.get(at) ?? this.notTaken.value.get(at)?.text;
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
        this.recordedOf = error instanceof ApiError && error.isLost ? "" : wanted;
        this.recorded.value = null;
        this.notRecorded.value = error instanceof ApiError ? error : null;
      }
    }
  }
}

/** The server would refuse the same text again. */
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 401;
}
