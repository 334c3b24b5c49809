/** A better wording of a prompt, which a model proposes: the search, its decision, and the texts to use. */

import { signal } from "@preact/signals";
import { streamed } from "../api";
import { Folded, Message, Section, StartWith, TextDiff } from "../parts/shown";
import { acting, address, session } from "../session";
import type { TriedPrompt } from "../tried_prompt";
import type { Optimization, TriedProposal, UiProposal } from "../types";
import { counted, sentence } from "../words";

interface Tried {
  readonly tried: TriedPrompt;
}

interface Searched extends Tried {
  readonly search: Search;
}

type Goal = Optimization["goal"];
type Texts = ReadonlyMap<string, string>;

const GOALS: Readonly<Record<Goal, string>> = {
  better: "a higher score",
  cheaper: "fewer tokens, and not worse",
};

/** The last search of each prompt: it goes on, and its result stays, while other pages are shown. */
const searches = new Map<string, Search>();

function searchOf(id: string): Search {
  const found = searches.get(id) ?? new Search();
  searches.set(id, found);
  return found;
}

/** What is asked for, and one search at a time. */
class Search {
  /** The profile of the model that proposes; "" for the first one. */
  readonly proposer = signal("");
  /** In USD, as it is typed. */
  readonly maxCost = signal("");
  readonly goal = signal<Goal>("better");
  readonly isUnderWay = signal(false);
  readonly isStopped = signal(false);
  readonly notes = signal<readonly string[]>([]);
  readonly found = signal<UiProposal | null>(null);
  /** The texts of the prompt when the search began. */
  readonly texts = signal<Texts>(new Map());
  private stopped: AbortController | null = null;

  async start(tried: TriedPrompt, proposer: string): Promise<void> {
    const stopped = (this.stopped = new AbortController());
    this.isUnderWay.value = true;
    this.isStopped.value = false;
    this.notes.value = [];
    this.found.value = null;
    try {
      await acting(async () => {
        await tried.synchronize();
        stopped.signal.throwIfAborted();
        this.texts.value = textsOf(tried);
        const wanted = { id: tried.id, proposer, goal: this.goal.value, max_cost: Number(this.maxCost.value) };
        this.found.value = await streamed<UiProposal>("/api/optimize", wanted, stopped.signal, {
          note: (line) => {
            this.notes.value = [...this.notes.value, line];
          },
        });
      });
    } finally {
      this.isUnderWay.value = false;
      this.notes.value = [];
    }
  }

  stop(): void {
    this.stopped?.abort();
    this.isStopped.value = true;
  }
}

function textsOf(tried: TriedPrompt): Texts {
  return new Map(tried.texts.value?.texts.map(({ at, text }) => [at, text]));
}

export function Propose({ tried }: Tried) {
  const { revision = "worktree" } = session.value ?? {};
  if (revision !== "worktree" || (tried.preview.value?.cases.length ?? 0) === 0) {
    return null;
  }
  const search = searchOf(tried.id);
  const isOpen = search.isUnderWay.value || search.found.value !== null;
  return (
    <Section title="A better wording" id="propose">
      <Folded
        summary="Propose a better wording"
        open={isOpen}
        content={() => (
          <>
            <Wanted tried={tried} search={search} />
            <div aria-live="polite" aria-busy={search.isUnderWay.value}>
              {search.notes.value.map((note) => (
                <p class="muted figures">
                  <Message text={sentence(note)} />
                </p>
              ))}
              {search.isStopped.value && (
                <p class="muted">Stopped: no more requests are sent. The answers are kept for the next search.</p>
              )}
              {search.found.value !== null && <Found tried={tried} search={search} found={search.found.value} />}
            </div>
          </>
        )}
      />
    </Section>
  );
}

function Wanted({ tried, search }: Searched) {
  const { live = false, profiles = [] } = session.value ?? {};
  if (!live) {
    return <StartWith flag="--live" what="A search calls models, which this workbench does not." />;
  }
  const proposer = search.proposer.value || (profiles[0]?.name ?? "");
  const isUnderWay = search.isUnderWay.value;
  return (
    <form
      class="propose stacked"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isUnderWay) {
          void search.start(tried, proposer);
        }
      }}
    >
      <p class="muted">
        A model proposes other wordings by what goes wrong in one half of the test cases. The best one is checked once on
        the other half.
      </p>
      <label for="proposer">The model that proposes</label>
      <select id="proposer" value={proposer} onChange={(event) => (search.proposer.value = event.currentTarget.value)}>
        {profiles.map(({ name, model }) => (
          <option value={name} title={model}>
            {name}
          </option>
        ))}
      </select>
      <label for="goal">Search for</label>
      <select id="goal" value={search.goal.value} onChange={(event) => (search.goal.value = event.currentTarget.value as Goal)}>
        {Object.entries(GOALS).map(([goal, words]) => (
          <option value={goal}>{words}</option>
        ))}
      </select>
      <label for="max-cost">Spend at most, in USD</label>
      <input
        id="max-cost"
        type="number"
        min="0.01"
        step="any"
        required
        value={search.maxCost.value}
        onInput={(event) => (search.maxCost.value = event.currentTarget.value)}
      />
      {isUnderWay ? (
        <button type="button" onClick={() => search.stop()}>
          Stop the search
        </button>
      ) : (
        <button type="submit" disabled={proposer === ""}>
          Start the search
        </button>
      )}
    </form>
  );
}

function Found({ tried, search, found }: Searched & { readonly found: UiProposal }) {
  const { summary, facts, remarks, result } = found;
  return (
    <article class="proposal" aria-label="proposed wording">
      <p role="status" class={result.accepted ? "good" : ""}>
        <strong>
          <Message text={sentence(summary)} />
        </strong>
      </p>
      {[...facts, ...remarks].map((line) => (
        <p class="muted figures">
          <Message text={sentence(line)} />
        </p>
      ))}
      {result.texts.map(({ role, path, before, after }) => (
        <>
          <h3>
            {role} <span class="condition">in {path}</span>
          </h3>
          <TextDiff before={before} after={after} />
        </>
      ))}
      <Use tried={tried} search={search} result={result} />
      {result.search.proposals.length > 0 && <WhatWasTried proposals={result.search.proposals} />}
    </article>
  );
}

/** The texts become edits of the page, which are saved as all others. */
function Use({ tried, search, result }: Searched & { readonly result: Optimization }) {
  if (result.texts.length === 0 || result.state === "not better") {
    return null;
  }
  const texts = textsOf(tried);
  if (result.texts.every(({ at, after }) => texts.get(at) === after)) {
    return (
      <p role="status">
        The prompt has this wording now. It is one of <a href={address("change")}>your changes</a>.
      </p>
    );
  }
  const isOld = [...search.texts.value].some(([at, text]) => texts.get(at) !== text);
  const use = (): void => tried.replace(result.texts.map(({ at, after }) => ({ at, text: after })));
  return (
    <>
      {isOld && <p class="notice">This result belongs to the texts before your last change.</p>}
      <p class="line">
        <button type="button" disabled={isOld} onClick={use}>
          Use this wording
        </button>
      </p>
    </>
  );
}

function WhatWasTried({ proposals }: { readonly proposals: readonly TriedProposal[] }) {
  return (
    <details>
      <summary>What was tried: {counted(proposals.length, "proposal")}</summary>
      <ol class="tried">
        {proposals.map((each) => (
          <li>
            <Message text={triedWords(each)} />
          </li>
        ))}
      </ol>
    </details>
  );
}

function triedWords({ reason, refused, score, tokens }: TriedProposal): string {
  return [
    ...(reason === null ? [] : [sentence(reason)]),
    ...(refused === null ? [] : [`refused: ${sentence(refused)}`]),
    ...(score === null ? [] : [`score ${(100 * score).toFixed(1)}`]),
    ...(score === null && refused === null ? ["not better in its first cases"] : []),
    ...(tokens === null ? [] : [counted(tokens, "token")]),
  ].join(" · ");
}
