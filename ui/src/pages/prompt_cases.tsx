/** The test cases of a prompt: keep the inputs as one, and run them. */

import { useSignal } from "@preact/signals";
import { Assertions, HowToAnswer } from "../parts/answers";
import { Message, Section } from "../parts/shown";
import { session } from "../session";
import type { TriedPrompt } from "../tried_prompt";
import type { TestRun } from "../types";
import { checkWords, counted, sentence, STATUSES } from "../words";

interface Tried {
  readonly tried: TriedPrompt;
}

export function Keep({ tried }: Tried) {
  const [name, texts] = [useSignal(""), useSignal("")];
  const kept = useSignal<string | null>(null);
  const isKeeping = useSignal(false);
  const preview = tried.preview.value;
  if (session.value === null || preview === null || preview.form.length === 0) {
    return null;
  }
  const isTaken = preview.cases.includes(name.value.trim());
  const contains = linesOf(texts.value);
  const isReady = name.value.trim() !== "" && !isTaken && !isKeeping.value;
  const keep = async (): Promise<void> => {
    const wanted = name.value.trim();
    isKeeping.value = true;
    const isKept = await tried.keep(wanted, contains).finally(() => {
      isKeeping.value = false;
    });
    kept.value = isKept ? wanted : null;
    if (isKept) {
      name.value = "";
      texts.value = "";
    }
  };
  return (
    <form
      class="keep stacked"
      onSubmit={(event) => {
        event.preventDefault();
        void keep();
      }}
    >
      <label for="case-name">Keep these inputs as a test case</label>
      <input
        id="case-name"
        type="text"
        placeholder="what it shows, such as: an angry customer"
        autocomplete="off"
        value={name.value}
        onInput={(event) => {
          name.value = event.currentTarget.value;
          kept.value = null;
        }}
      />
      <label for="case-contains">
        The answer must contain <span class="muted">(one text a line, optional)</span>
      </label>
      <textarea
        id="case-contains"
        rows={2}
        value={texts.value}
        onInput={(event) => {
          texts.value = event.currentTarget.value;
          kept.value = null;
        }}
      />
      <WillCheck tried={tried} contains={contains} />
      <button type="submit" disabled={!isReady}>
        Keep as a case
      </button>
      <p class="muted" role="status">
        {isTaken && "There is a case with this name."}
        {kept.value !== null && `Kept as “${kept.value}”. It is one of your changes now.`}
      </p>
    </form>
  );
}

function linesOf(text: string): string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()))].filter((line) => line !== "");
}

function WillCheck({ tried, contains }: Tried & { readonly contains: readonly string[] }) {
  if (contains.length === 0) {
    const messages = counted(tried.preview.value?.messages.length ?? 0, "message");
    return <p class="muted">The case will check that these inputs make a request of {messages}. It will not check the answer.</p>;
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
      <p class="muted">{counted(count, "case")} to check that this prompt still does what it should.</p>
      {tried.report.value !== null && <Report report={tried.report.value} own={tried.texts.value?.model ?? null} />}
    </Section>
  );
}

interface ReportProperties {
  readonly report: TestRun;
  /** The model of the prompt. */
  readonly own: string | null;
}

function Report({ report, own }: ReportProperties) {
  const { passed, failed, errors, stale, warnings } = report.count;
  const counts = [
    `${counted(passed, "case")} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(errors > 0 ? [`${errors} could not run`] : []),
    ...(stale > 0 ? [`${stale} without an answer to check`] : []),
    ...(warnings > 0 ? [`${warnings} unread drafts fail`] : []),
  ];
  return (
    <>
      <p role="status" class={failed + errors > 0 ? "problem" : "good"}>
        {counts.join(", ")}.
      </p>
      <p class="muted">{sentence(checkWords(report.cases.flatMap(({ assertions }) => assertions)))}</p>
      {stale > 0 && (
        <p class="muted">
          A case without an answer is checked as far as that is possible. <HowToAnswer own={own} />
        </p>
      )}
      <ul class="case-runs">
        {report.cases.map((each) => (
          <li class={each.status}>
            <div class="line">
              <span class="case-name">{each.name ?? each.place.path}</span>
              <span class={`chip ${each.status}`}>{STATUSES[each.status]}</span>
            </div>
            {each.reason !== null && each.status !== "stale" && (
              <p class="muted">
                <Message text={sentence(each.reason)} />
              </p>
            )}
            {each.status !== "stale" && <Assertions results={each.assertions} />}
          </li>
        ))}
      </ul>
    </>
  );
}
