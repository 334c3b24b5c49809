/** One prompt: its texts, a form, what the model receives, and what it answers. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { InputForm } from "../form/input_form";
import { Answer, HowToAnswer } from "../parts/answers";
import { Editor } from "../parts/editor";
import { facts, Request } from "../parts/request";
import { Message, Section, StartWith, TextDiff } from "../parts/shown";
import { Undo } from "../parts/undo";
import { address, again, change, presetProfile, problem, session } from "../session";
import { editedPrompt, type NotTaken, type TriedPrompt } from "../tried_prompt";
import type { Finding, PreviewError, EditableText } from "../types";
import { sentence } from "../words";
import { Cases, Keep } from "./prompt_cases";
import { Propose } from "./propose";

interface Tried {
  readonly tried: TriedPrompt;
}

interface Properties {
  readonly id: string;
  /** The test case whose inputs are shown first; null for those that were tried last. */
  readonly name: string | null;
}

export function PromptPage({ id, name }: Properties) {
  const tried = useMemo(() => editedPrompt(id), [id]);
  useEffect(() => {
    void tried.open(name);
    return () => tried.close();
  }, [tried, name]);
  useEffect(() => {
    if (again.value > 0) {
      tried.again();
    }
  }, [again.value]);
  const texts = tried.texts.value;
  return (
    <main class="prompt">
      <nav class="crumbs" aria-label="You are here">
        <a href={address("")}>Prompts</a> <span aria-hidden="true">›</span> {id}
      </nav>
      <div class="title-line">
        <h1>{texts?.title ?? id}</h1>
        {texts !== null && <a href={address("compare", id)}>Compare</a>}
      </div>
      {texts !== null && <p class="lead">{texts.description}</p>}
      {texts !== null && <Columns tried={tried} />}
    </main>
  );
}

function Columns({ tried }: Tried) {
  const right = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const column = right.current!;
    const sizes = new ResizeObserver(() => column.style.setProperty("--height", `${column.offsetHeight}px`));
    sizes.observe(column);
    return () => sizes.disconnect();
  }, []);
  return (
    <div class="columns">
      <div class="column">
        <Texts tried={tried} />
        <Inputs tried={tried} />
      </div>
      <div class="column" ref={right}>
        <RequestSection tried={tried} />
        <Answers tried={tried} />
        <Cases tried={tried} />
        <Propose tried={tried} />
      </div>
    </div>
  );
}

function Texts({ tried }: Tried) {
  const texts = tried.texts.value;
  if (texts === null) {
    return null;
  }
  return (
    <Section title="Instructions" id="texts" aside={<UndoHere tried={tried} />}>
      <p class="muted about">
        Words in <code>{"{{ }}"}</code> are filled in from the inputs below.
      </p>
      {texts.texts.map((text, index) => (
        <TextBox key={`${text.at}:${tried.versions.value.get(text.at) ?? 0}`} tried={tried} text={text} number={index + 1} />
      ))}
      <Findings tried={tried} />
    </Section>
  );
}

function UndoHere({ tried }: Tried) {
  if (tried.texts.value?.pending !== true && tried.notTaken.value.size === 0) {
    return null;
  }
  const files = (change.value?.files ?? []).filter(({ prompts }) => prompts.includes(tried.id));
  return <Undo files={files} undo={() => tried.revert()} />;
}

function TextBox({ tried, text, number }: Tried & { readonly text: EditableText; readonly number: number }) {
  const refused = tried.notTaken.value.get(text.at);
  return (
    <div class="text-box">
      <h3>
        {text.role}
        {text.when !== null && (
          <span class="condition">
            only if <code>{text.when}</code>
          </span>
        )}
        {text.kind === "file" && <span class="condition">from {text.path}</span>}
      </h3>
      <Editor
        label={`Text of message ${number}, ${text.role}`}
        source={text}
        fields={tried.preview.value?.form ?? []}
        findings={tried.findings.value}
        changed={(typed) => tried.edit(text.at, typed)}
      />
      {text.reason !== null && <p class="muted">{sentence(text.reason)}</p>}
      {refused !== undefined && <NotTakenText refused={refused} settle={(isTyped) => tried.settle(text.at, isTyped)} />}
    </div>
  );
}

interface NotTakenProperties {
  readonly refused: NotTaken;
  readonly settle: (isTyped: boolean) => void;
}

function NotTakenText({ refused: { text, error }, settle }: NotTakenProperties) {
  const other = error.otherText;
  if (other === null) {
    return (
      <p class="problem" role="alert">
        This text was refused, so it is not saved. <Message text={sentence(error.message)} />{" "}
        {error.hint !== null && <Message text={sentence(error.hint)} />}
      </p>
    );
  }
  return (
    <div class="notice bad other-text" role="alert">
      <p>Somebody else changed this text meanwhile, so yours was refused. Marks show where yours differs from it.</p>
      <TextDiff before={other} after={text} />
      <p class="line">
        <button type="button" onClick={() => settle(true)}>
          Use my text
        </button>
        <button type="button" onClick={() => settle(false)}>
          Use the other text
        </button>
      </p>
    </div>
  );
}

/** So many findings are shown at once. */
const FEW = 4;

function Findings({ tried }: Tried) {
  const found = tried.findings.value;
  const sorted = [...found.filter(is("error")), ...found.filter(is("warning"))];
  if (sorted.length === 0) {
    return null;
  }
  const [first, others] = [sorted.slice(0, FEW), sorted.slice(FEW)];
  return (
    <>
      <FindingList findings={first} label="Problems in this prompt" />
      {others.length > 0 && (
        <details>
          <summary>{others.length} more</summary>
          <FindingList findings={others} label="More problems in this prompt" />
        </details>
      )}
    </>
  );
}

function is(severity: Finding["severity"]): (finding: Finding) => boolean {
  return (finding) => finding.severity === severity;
}

function FindingList({ findings, label }: { readonly findings: readonly Finding[]; readonly label: string }) {
  return (
    <ul class="findings" aria-label={label}>
      {findings.map((finding) => (
        <ShownFinding finding={finding} />
      ))}
    </ul>
  );
}

function ShownFinding({ finding }: { readonly finding: Finding }) {
  const { severity, message, hint, code } = finding;
  return (
    <li class={severity}>
      <span class="severity">{severity}</span>
      <span>
        <Message text={sentence(message)} /> {hint !== null && <Message text={sentence(hint)} />}{" "}
        <span class="muted">{code}</span>
      </span>
    </li>
  );
}

function Inputs({ tried }: Tried) {
  const holder = useRef<HTMLDivElement>(null);
  const form = useMemo(() => new InputForm((inputs) => tried.fill(inputs)), [tried]);
  const general = useSignal<readonly PreviewError[]>([]);
  const preview = tried.preview.value;
  useEffect(() => {
    holder.current?.replaceChildren(form.element);
  }, [form, preview === null || preview.form.length === 0]);
  useEffect(() => {
    if (preview !== null) {
      const rest = form.show(preview.form, tried.inputs.peek(), preview.errors);
      general.value = rest.filter(({ input }) => input !== null);
    }
  }, [form, preview]);
  if (preview === null) {
    return null;
  }
  if (preview.form.length === 0) {
    return (
      <Section title="Inputs" id="inputs">
        <p class="muted">This prompt has no inputs: it is always sent as it is.</p>
      </Section>
    );
  }
  return (
    <Section title="Inputs" id="inputs" aside={<CaseChooser tried={tried} />}>
      {general.value.map(({ message }) => (
        <p class="problem">
          <Message text={sentence(message)} />
        </p>
      ))}
      <div ref={holder} />
    </Section>
  );
}

function CaseChooser({ tried }: Tried) {
  const preview = tried.preview.value;
  if (preview === null || preview.cases.length === 0) {
    return null;
  }
  return (
    <label class="chooser">
      <span>Fill in from</span>
      <select
        value={preview.case ?? ""}
        onChange={(event) => {
          if (event.currentTarget.value !== "") {
            void tried.choose(event.currentTarget.value);
          }
        }}
      >
        <option value="">your own words</option>
        {preview.cases.map((name) => (
          <option value={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function RequestSection({ tried }: Tried) {
  const preview = tried.preview.value;
  if (preview === null) {
    return (
      <Section title="What the model receives" id="request">
        <p class="muted">{problem.value === null && "Reading…"}</p>
      </Section>
    );
  }
  return (
    <Section title="What the model receives" id="request" aside={<span class="muted">{facts(preview)}</span>}>
      <Request preview={preview} />
    </Section>
  );
}

function Answers({ tried }: Tried) {
  const isReady = tried.preview.value?.digest != null;
  const turns = tried.preview.value?.turns ?? 0;
  return (
    <Section title="What the model answers" id="answers">
      {turns > 0 && <ConversationAdvice />}
      {turns === 0 && <Ask tried={tried} />}
      <div aria-live="polite" aria-busy={tried.streaming.value !== null}>
        {tried.notes.value.map((note) => (
          <p class="muted figures">
            <Message text={sentence(note)} />
          </p>
        ))}
        {tried.isStopped.value && <p class="muted">Stopped: the answer that was under way is dropped.</p>}
        {tried.streaming.value !== null && <Streaming tried={tried} />}
        {tried.live.value !== null && <Live tried={tried} />}
        {tried.streaming.value === null && tried.live.value === null && <Recorded tried={tried} />}
      </div>
      {!isReady && turns === 0 && <p class="muted">The request has a problem. Fix it to get an answer.</p>}
      {turns === 0 && <Keep tried={tried} />}
    </Section>
  );
}

function ConversationAdvice() {
  return <p class="muted">This case is a conversation. Run the cases to check its answers, or change an input to ask a model.</p>;
}

function Live({ tried }: Tried) {
  const { digest = null, answers = [] } = tried.live.value ?? {};
  return (
    <>
      {digest !== tried.preview.value?.digest && (
        <p class="notice">These answers belong to the request before your last change.</p>
      )}
      {answers.map((answer) => (
        <Answer answer={answer} live />
      ))}
    </>
  );
}

function Recorded({ tried }: Tried) {
  const digest = tried.preview.value?.digest ?? null;
  const { recorded, notRecorded } = tried;
  if (digest === null) {
    return null;
  }
  if (recorded.value?.digest === digest) {
    return (
      <>
        {recorded.value.answers.map((answer) => (
          <Answer answer={answer} live={false} />
        ))}
      </>
    );
  }
  const error = notRecorded.value;
  if (error === null || error.status === 404) {
    return (
      error && (
        <p class="muted">
          No answer yet. <HowToAnswer own={tried.texts.value?.model ?? null} />
        </p>
      )
    );
  }
  return (
    <p class="problem">
      <Message text={sentence(error.message)} />
    </p>
  );
}

function Ask({ tried }: Tried) {
  const { live = false, profiles = [] } = session.value ?? {};
  const own = tried.texts.value?.model ?? null;
  const chosen = useSignal<ReadonlySet<string> | null>(null);
  if (!live) {
    return <StartWith flag="--live" what="This workbench shows recorded answers only: it does not call models." />;
  }
  if (profiles.length === 0) {
    return (
      <p class="notice">
        No model is configured. A colleague adds one to <code>promptops.toml</code>.
      </p>
    );
  }
  const names = chosen.value ?? new Set([presetProfile(profiles, own)]);
  const toggle = (name: string): void => {
    const now = new Set(names);
    if (!now.delete(name)) {
      now.add(name);
    }
    chosen.value = now;
  };
  const models = profiles.map(({ name }) => name).filter((name) => names.has(name));
  const isReady = models.length > 0 && tried.preview.value?.digest != null;
  return (
    <div class="ask">
      <fieldset class="models">
        <legend>Models</legend>
        {profiles.map(({ name, model }) => (
          <label title={model}>
            <input type="checkbox" checked={names.has(name)} onChange={() => toggle(name)} /> {name}
          </label>
        ))}
      </fieldset>
      {tried.streaming.value === null ? (
        <button type="button" class="primary" disabled={!isReady} onClick={() => void tried.ask(models)}>
          {models.length > 1 ? `Get ${models.length} answers` : "Get an answer"}
        </button>
      ) : (
        <button type="button" onClick={() => tried.stop()}>
          Stop
        </button>
      )}
    </div>
  );
}

function Streaming({ tried }: Tried) {
  return (
    <>
      {tried.streaming.value?.map(({ profile, text }) => (
        <article class="answer" aria-label={`answer of ${profile}`}>
          <h3>{profile}</h3>
          <div class="text">{text === "" ? <span class="muted">waiting…</span> : text}</div>
        </article>
      ))}
    </>
  );
}
