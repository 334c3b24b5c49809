/** The test cases of a prompt: keep the inputs as one, and run them. */

import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Assertions, HowToAnswer } from "../parts/answers";
import { Message, Section, TextField } from "../parts/shown";
import { session } from "../session";
import type { TriedPrompt } from "../tried_prompt";
import type { CaseRun, TestRun } from "../types";
import { caseReason, checkWords, counted, reportWords, sentence, STATUSES } from "../words";

interface Tried {
  readonly tried: TriedPrompt;
}

/** The test case that is typed, and the one that was kept last. */
class NewCase {
  readonly name = signal("");
  /** What its answer must contain, one text a line. */
  readonly texts = signal("");
  readonly kept = signal<string | null>(null);
  readonly isKeeping = signal(false);

  constructor(private readonly tried: TriedPrompt) {}

  get contains(): string[] {
    return linesOf(this.texts.value);
  }

  get isTaken(): boolean {
    return this.tried.preview.value?.cases.includes(this.name.value.trim()) ?? false;
  }

  get isReady(): boolean {
    return this.name.value.trim() !== "" && !this.isTaken && !this.isKeeping.value;
  }

  typed(field: "name" | "texts", text: string): void {
    this[field].value = text;
    this.kept.value = null;
  }

  async keep(): Promise<void> {
    const name = this.name.value.trim();
    this.isKeeping.value = true;
    const isKept = await this.tried.keep(name, this.contains).finally(() => {
      this.isKeeping.value = false;
    });
    this.kept.value = isKept ? name : null;
    if (isKept) {
      this.name.value = "";
      this.texts.value = "";
    }
  }
}

export function Keep({ tried }: Tried) {
  const made = useMemo(() => new NewCase(tried), [tried]);
  const preview = tried.preview.value;
  if (session.value === null || preview === null || preview.form.length === 0) {
    return null;
  }
  return (
    <form
      class="keep stacked"
      onSubmit={(event) => {
        event.preventDefault();
        if (made.isReady) {
          void made.keep();
        }
      }}
    >
      <TextField
        id="case-name"
        label="Keep these inputs as a test case"
        placeholder="what it shows, such as: an angry customer"
        isRequired
        text={made.name.value}
        changed={(text) => made.typed("name", text)}
      />
      <RequiredTexts made={made} />
      {made.kept.value === null && <WillCheck tried={tried} contains={made.contains} />}
      <button type="submit" disabled={made.isTaken || made.isKeeping.value}>
        Keep as a case
      </button>
      <p class="muted" role="status">
        {made.isTaken && "There is a case with this name."}
        {made.kept.value !== null && `Kept as “${made.kept.value}”. It is one of your changes now.`}
      </p>
    </form>
  );
}

function RequiredTexts({ made }: { readonly made: NewCase }) {
  return (
    <>
      <label for="case-contains">
        The answer must contain <span class="muted">(one text a line, optional)</span>
      </label>
      <textarea
        id="case-contains"
        rows={2}
        value={made.texts.value}
        onInput={(event) => made.typed("texts", event.currentTarget.value)}
      />
    </>
  );
}

function linesOf(text: string): string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()))].filter((line) => line !== "");
}

function WillCheck({ tried, contains }: Tried & { readonly contains: readonly string[] }) {
  if (contains.length === 0) {
    const messages = counted(tried.preview.value?.messages.length ?? 0, "message");
    return <p class="muted">The case will check that the model receives {messages}. It will not check the answer.</p>;
  }
  const texts = contains.map((text) => `“${text}”`);
  const last = texts.pop();
  return (
    <p class="muted">
      The case will check that the answer contains {texts.length > 0 && `${texts.join(", ")} and `}
      {last}.
      {!tried.hasOwnAnswer && (
        <>
          {" "}
          That needs an answer. <HowToAnswer own={tried.texts.value?.model ?? null} />
        </>
      )}
    </p>
  );
}

export function Cases({ tried }: Tried) {
  const count = tried.preview.value?.cases.length ?? 0;
  if (count === 0) {
    return null;
  }
  const run = (
    <button type="button" disabled={tried.testing.value} onClick={() => void tried.test()}>
      {tried.testing.value ? "Running…" : "Run the cases"}
    </button>
  );
  return (
    <Section title="Test cases" id="cases" aside={run}>
      <p class="muted">{counted(count, "case")} to check that this prompt still does what it should, with recorded answers: no model is called.</p>
      {tried.report.value !== null && <Report tried={tried} report={tried.report.value} />}
    </Section>
  );
}

interface ReportProperties extends Tried {
  readonly report: TestRun;
}

function Report({ tried, report }: ReportProperties) {
  const own = tried.texts.value?.model ?? null;
  const { text, look } = reportWords(report);
  return (
    <>
      {tried.isReportOld.value && <p class="notice">These results belong to the texts before your last change.</p>}
      <p role="status" class={look}>
        {text}
      </p>
      <p class="muted">{sentence(checkWords(report.cases.flatMap(({ assertions }) => assertions)))}</p>
      {report.count.stale > 0 && (
        <p class="muted">
          A case without an answer is checked as far as that is possible. <HowToAnswer own={own} />
        </p>
      )}
      <ul class="case-runs">
        {report.cases.map((each) => (
          <ShownRun tried={tried} found={each} />
        ))}
      </ul>
    </>
  );
}

function ShownRun({ tried, found }: Tried & { readonly found: CaseRun }) {
  const { name, place, status, assertions } = found;
  const reason = caseReason(found);
  return (
    <li class={status}>
      <div class="line">
        <span class="case-name">{name ?? place.path}</span>
        <span class={`chip ${status}`}>{STATUSES[status]}</span>
        {status === "stale" && name !== null && found.turn === null && <GetAnswer tried={tried} name={name} />}
      </div>
      {reason !== null && (status !== "stale" || found.turn !== null) && (
        <p class="muted">
          <Message text={reason} />
        </p>
      )}
      {status !== "stale" && <Assertions results={assertions} />}
      <Conversation found={found} />
    </li>
  );
}

/** The turns of a case, as far as they are recorded. */
function Conversation({ found: { messages, answer } }: { readonly found: CaseRun }) {
  const turns = Math.max(0, ...messages.map(({ turn }) => turn ?? 0));
  if (turns === 0) {
    return null;
  }
  const calls = answer?.tool_calls.map((call) => `[calls ${JSON.stringify(call)}]`) ?? [];
  const last = answer === null ? [] : [{ role: "assistant", text: [answer.text, ...calls].filter(Boolean).join("\n"), turn: turns }];
  return (
    <details class="checks">
      <summary class="muted">{counted(turns, "turn")}</summary>
      <ol class="turns">
        {[...messages, ...last].map(({ role, text, turn }) => (
          <li>
            <span class="muted">{turn === null ? role : `turn ${turn}, ${role}`}</span>
            <pre>{text}</pre>
          </li>
        ))}
      </ol>
    </details>
  );
}

/** Where the prompt's own model can be called, and the answer is recorded: with the changes of the prompt. */
function GetAnswer({ tried, name }: Tried & { readonly name: string }) {
  const { live = false, profiles = [] } = session.value ?? {};
  const { model: own = null, pending = false } = tried.texts.value ?? {};
  if (!live || !pending || own === null || !profiles.some((each) => each.name === own)) {
    return null;
  }
  const isBusy = tried.streaming.value !== null || tried.testing.value;
  return (
    <button type="button" class="quiet" disabled={isBusy} onClick={() => void tried.answerCase(name, own)}>
      Get its answer from {own}
    </button>
  );
}
