/** Two models, or two versions of a prompt, on the same inputs: side by side. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, post, streamed } from "../api";
import { AnswerText, Assertions, Cut, figures } from "../parts/answers";
import { Message, Section, StartWith, TextDiff } from "../parts/shown";
import { acting, address, again, change, pending, presetProfile, session } from "../session";
import { TriedPrompt } from "../tried_prompt";
import type { ModelAnswer, Preview, PromptRun } from "../types";
import { counted, dollars, sentence } from "../words";

/** What one side is: a model, or a version of the prompt. Without a revision it is the one here. */
interface Choice {
  readonly label: string;
  readonly profile: string | null;
  readonly at: string | null;
}

interface Side {
  readonly label: string;
  readonly preview: Preview;
  readonly answer: ModelAnswer | null;
  readonly live: boolean;
}

type Pair<T> = readonly [T, T];

type Kind = "models" | "versions";
const SAME: Readonly<Record<Kind, string>> = {
  models: "Both models receive the same.",
  versions: "Both versions send the same.",
};

export function ComparePage({ id }: { readonly id: string }) {
  const tried = useMemo(() => new TriedPrompt(id), [id]);
  const kind = useSignal<Kind>(session.value?.live ? "models" : "versions");
  const result = useSignal<Pair<Side> | null>(null);
  const busy = useSignal(false);
  const notes = useSignal<readonly string[]>([]);
  useEffect(() => {
    void tried.open();
    return () => tried.close();
  }, [tried]);
  useEffect(() => {
    if (again.value > 0) {
      tried.again();
    }
  }, [again.value]);

  const compare = async (choices: Pair<Choice>): Promise<void> => {
    busy.value = true;
    result.value = null;
    notes.value = [];
    const compared = kind.value;
    try {
      await acting(async () => {
        await tried.flush(); // the inputs of a case that was chosen a moment ago
        const found = await sides(tried, choices, (line) => {
          notes.value = [...notes.value, line];
        });
        result.value = kind.value === compared ? found : null;
      });
    } finally {
      busy.value = false;
      notes.value = [];
    }
  };
  const preview = tried.preview.value;
  return (
    <main class="compare">
      <nav class="crumbs" aria-label="You are here">
        <a href={address("")}>Prompts</a> <span aria-hidden="true">›</span> <a href={address("prompt", id)}>{id}</a>{" "}
        <span aria-hidden="true">›</span> Compare
      </nav>
      <h1>Compare</h1>
      <p class="lead">The same inputs, two models or two versions of the prompt, side by side.</p>
      <fieldset class="tabs">
        <legend class="hidden">What to compare</legend>
        {(["models", "versions"] as const).map((each) => (
          <label>
            <input
              type="radio"
              name="kind"
              checked={kind.value === each}
              onChange={() => {
                kind.value = each;
                result.value = null;
              }}
            />
            <span>{each === "models" ? "Two models" : "Two versions"}</span>
          </label>
        ))}
      </fieldset>
      {preview !== null && (
        <>
          <InputsOf tried={tried} />
          {kind.value === "models" ? (
            <Models busy={busy.value} compare={compare} />
          ) : (
            <Versions own={tried.texts.value?.model ?? null} busy={busy.value} compare={compare} />
          )}
        </>
      )}
      {busy.value && (
        <p class="muted" role="status">
          Comparing…
        </p>
      )}
      {notes.value.map((note) => (
        <p class="muted figures">
          <Message text={sentence(note)} />
        </p>
      ))}
      {result.value !== null && <Result pair={result.value} kind={kind.value} />}
    </main>
  );
}

type Note = (line: string) => void;

async function sides(tried: TriedPrompt, choices: Pair<Choice>, note: Note): Promise<Pair<Side>> {
  const [one, other] = choices;
  const request = { id: tried.id, inputs: tried.inputs.value };
  if (one.at === null && other.at === null && one.profile !== null && other.profile !== null) {
    const answers = await called({ ...request, models: [one.profile, other.profile] }, note);
    const preview = (choice: Choice) => post<Preview>("/api/preview", { ...request, profile: choice.profile });
    return [
      { label: one.label, preview: await preview(one), answer: answers[0] ?? null, live: true },
      { label: other.label, preview: await preview(other), answer: answers[1] ?? null, live: true },
    ];
  }
  return [await version(request, one, note), await version(request, other, note)];
}

async function called(request: object, note: Note): Promise<readonly ModelAnswer[]> {
  const run = await streamed<PromptRun>("/api/answers", request, new AbortController().signal, { note });
  return run.answers;
}

async function version(request: object, { label, profile, at }: Choice, note: Note): Promise<Side> {
  const asked = at === null ? request : { ...request, at };
  const preview = await post<Preview>("/api/preview", asked);
  if (preview.digest === null) {
    return { label, preview, answer: null, live: false };
  }
  if (profile === null) {
    return { label, preview, answer: await recorded(asked), live: false };
  }
  const [answer = null] = await called({ ...asked, models: [profile] }, note);
  return { label, preview, answer, live: true };
}

async function recorded(asked: object): Promise<ModelAnswer | null> {
  try {
    const run = await post<PromptRun>("/api/recorded", asked);
    return run.answers[0] ?? null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      return null;
    }
    throw error;
  }
}

function InputsOf({ tried }: { readonly tried: TriedPrompt }) {
  const preview = tried.preview.value;
  if (preview === null || preview.form.length === 0) {
    return null;
  }
  return (
    <div class="line inputs-of">
      {preview.cases.length > 0 && (
        <label class="chooser">
          <span>Inputs of</span>
          <select value={preview.case ?? ""} onChange={(event) => void tried.choose(event.currentTarget.value)}>
            {preview.case === null && <option value="">your own words</option>}
            {preview.cases.map((name) => (
              <option value={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <a href={address("prompt", tried.id)}>Change the inputs</a>
    </div>
  );
}

interface Chooser {
  readonly busy: boolean;
  readonly compare: (choices: Pair<Choice>) => Promise<void>;
}

function Models({ busy, compare }: Chooser) {
  const { live = false, profiles = [] } = session.value ?? {};
  const [left, right] = [useSignal(profiles[0]?.name ?? ""), useSignal(profiles[1]?.name ?? "")];
  if (!live) {
    return <StartWith flag="--live" what="This workbench does not call models, so it can only compare versions." />;
  }
  if (profiles.length < 2) {
    return (
      <p class="notice">
        Two models are needed, and {profiles.length === 0 ? "no model" : "only one"} is configured. A colleague adds one to{" "}
        <code>promptops.toml</code>.
      </p>
    );
  }
  const options = profiles.map(({ name, model }): Pair<string> => [name, `${name} (${model})`]);
  const chosen = (side: Signal<string>): Choice => ({ label: side.value, profile: side.value, at: null });
  return (
    <Sides left={left} right={right} options={options} busy={busy} compare={() => compare([chosen(left), chosen(right)])} />
  );
}

const NOW = "";
const LAST = "the last committed version";

function Versions({ own, busy, compare }: Chooser & { readonly own: string | null }) {
  const { live = false, profiles = [], revisions = [], branch = null } = session.value ?? {};
  const preset = live ? presetProfile(profiles, own) : "";
  const [left, right, profile] = [useSignal("HEAD"), useSignal(NOW), useSignal(preset)];
  const isEdited = pending.value.length > 0 || (change.value?.files.length ?? 0) > 0;
  const now = isEdited ? "here, with your changes" : "here";
  const options: Pair<string>[] = [
    [NOW, now],
    ["HEAD", LAST],
    ...revisions.filter((name) => name !== branch).map((name): Pair<string> => [name, name]),
  ];
  const labels = new Map(options);
  const chosen = (side: Signal<string>): Choice => ({
    label: labels.get(side.value) ?? side.value,
    profile: profile.value || null,
    at: side.value || null,
  });
  return (
    <>
      {live && (
        <label class="chooser">
          <span>Answers</span>
          <select value={profile.value} onChange={(event) => (profile.value = event.currentTarget.value)}>
            <option value="">that are recorded</option>
            {profiles.map(({ name }) => (
              <option value={name}>of {name}, now</option>
            ))}
          </select>
        </label>
      )}
      <Sides
        left={left}
        right={right}
        options={options}
        other="another version"
        busy={busy}
        compare={() => compare([chosen(left), chosen(right)])}
      />
    </>
  );
}

interface SidesProperties {
  readonly left: Signal<string>;
  readonly right: Signal<string>;
  readonly options: readonly Pair<string>[];
  /** Offers to type a value that is not listed. */
  readonly other?: string;
  readonly busy: boolean;
  readonly compare: () => Promise<void>;
}

function Sides({ left, right, options, other, busy, compare }: SidesProperties) {
  const more = other === undefined ? {} : { other };
  return (
    <form
      class="sides"
      onSubmit={(event) => {
        event.preventDefault();
        void compare();
      }}
    >
      <SideChoice name="Left" side={left} options={options} {...more} />
      <SideChoice name="Right" side={right} options={options} {...more} />
      <button type="submit" class="primary" disabled={busy || left.value === right.value}>
        Compare
      </button>
    </form>
  );
}

interface SideChoiceProperties extends Pick<SidesProperties, "options" | "other"> {
  readonly name: string;
  readonly side: Signal<string>;
}

function SideChoice({ name, side, options, other }: SideChoiceProperties) {
  const isTyped = useSignal(false);
  return (
    <div class="side">
      <label>
        {name}
        <select
          value={isTyped.value ? "other" : side.value}
          onChange={(event) => {
            isTyped.value = event.currentTarget.value === "other";
            side.value = isTyped.value ? (session.value?.revisions[0] ?? "HEAD") : event.currentTarget.value;
          }}
        >
          {options.map(([value, label]) => (
            <option value={value}>{label}</option>
          ))}
          {other !== undefined && <option value="other">{other}…</option>}
        </select>
      </label>
      {isTyped.value && (
        <input
          type="text"
          required
          aria-label={`${name}: name of a release, branch or commit`}
          value={side.value}
          onInput={(event) => (side.value = event.currentTarget.value.trim())}
        />
      )}
    </div>
  );
}

function Result({ pair, kind }: { readonly pair: Pair<Side>; readonly kind: Kind }) {
  const [one, other] = pair;
  const texts = pair.map(({ preview }) => requestText(preview));
  const [before = "", after = ""] = texts;
  return (
    <>
      <Section title="Answers" id="compared-answers">
        <div class="pair">
          <AnswerSide side={one} />
          <AnswerSide side={other} />
        </div>
      </Section>
      <Section title="Request" id="compared-requests">
        {before === after ? <p class="muted">{SAME[kind]}</p> : <TextDiff before={before} after={after} />}
      </Section>
    </>
  );
}

function requestText({ messages }: Preview): string {
  const texts = messages.map(({ role, pieces, error }) => {
    const text = error === null ? pieces.map((piece) => piece.text).join("") : `(${error.message})`;
    return `${role}:\n${text.trimEnd()}`;
  });
  return texts.join("\n\n");
}

/** Two answers share few words by chance, so they are not compared word by word. */
function AnswerSide({ side: { label, preview, answer, live } }: { readonly side: Side }) {
  const send = preview.tokens === null ? "can't be sent" : `request: about ${counted(preview.tokens, "token")}`;
  const cost = preview.cost_usd === null ? [] : [dollars(preview.cost_usd)];
  return (
    <article class="answer" aria-label={label}>
      <h3>{label}</h3>
      {answer === null ? (
        <p class="muted">{preview.digest === null ? "The request has a problem." : "No answer is recorded for this request."}</p>
      ) : (
        <>
          <AnswerText answer={answer} />
          <Cut answer={answer} />
          {answer.problem !== null && <p class="problem">{sentence(answer.problem)}</p>}
          <p class="muted figures">{figures(answer, live).join(" · ")}</p>
          <Assertions results={answer.assertions} />
        </>
      )}
      <p class="muted figures">{[send, ...cost].join(" · ")}</p>
    </article>
  );
}
