/** What differs from the last commit, in plain words, and where it is saved. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiError, get, post } from "../api";
import { Folded, Message, Section, StartWith, TextDiff } from "../parts/shown";
import { address, again, pending, problem, reporting, session } from "../session";
import { allSent } from "../tried_prompt";
import type { CaseDiff, PromptDiff, SeenPair, UiChange, UiBranch, UiConflict, UiSaved } from "../types";
import { BUMPS, counted, LEVELS, sentence } from "../words";

export function ChangePage() {
  const report = useSignal<UiChange | null>(null);
  const refused = useSignal<readonly string[]>([]);
  const read = (): Promise<void> =>
    reporting(async () => {
      refused.value = await allSent().catch(() => []); // is shown, and sent again before a save
      report.value = await get<UiChange>("/api/change");
      pending.value = report.value.files.map(({ path }) => path);
    });
  useEffect(() => {
    void read();
  }, [again.value]);
  if (report.value === null) {
    return (
      <main>
        <h1>Your changes</h1>
        <p class="muted">Comparing…</p>
      </main>
    );
  }
  const { diff, files } = report.value;
  return (
    <main class="change">
      <h1>Your changes</h1>
      {files.length === 0 && diff.prompts.length === 0 ? (
        <p class="lead">
          Nothing has changed. Choose a <a href={address("")}>prompt</a> and edit its text.
        </p>
      ) : (
        <>
          <p class="lead">What your edits change for the model and for the applications that use these prompts.</p>
          <Bump report={report.value} />
          {diff.prompts.map((each) => (
            <ChangedPrompt key={each.id} prompt={each} />
          ))}
        </>
      )}
      <NotTaken ids={refused.value} />
      <Save files={files.length} read={read} />
    </main>
  );
}

/** Prompts whose text in the editor is not one of the changes. */
function NotTaken({ ids }: { readonly ids: readonly string[] }) {
  return (
    <>
      {ids.map((id) => (
        <p class="notice bad" role="alert">
          <span>
            A text of <a href={address("prompt", id)}>{id}</a> was not taken: it is not one of these changes, and is not saved.
          </span>
        </p>
      ))}
    </>
  );
}

function Bump({ report }: { readonly report: UiChange }) {
  const { bump, before_version: before, after_version: after } = report.diff;
  return (
    <p class={`notice bump ${bump}`}>
      <strong>{bump === "none" ? "No new version is required" : `Required version bump: ${bump}`}</strong>
      <span>
        {BUMPS[bump]}
        {before !== null && after !== null && before !== after && ` ${before} becomes ${after}.`}
      </span>
    </p>
  );
}

const STATES: Readonly<Record<PromptDiff["state"], string>> = {
  added: "new",
  removed: "removed",
  renamed: "renamed",
  changed: "changed",
  unreadable: "can't be read",
};

function ChangedPrompt({ prompt }: { readonly prompt: PromptDiff }) {
  const { id, state, changes, cases, via, bump } = prompt;
  const title = `changed-${id.replaceAll("/", "-")}`;
  return (
    <Section title={id} id={title} aside={<span class="chip">{`${STATES[state]} · ${bump}`}</span>}>
      {via.length > 0 && <p class="muted">Through {via.join(", ")}.</p>}
      <ul class="changes">
        {changes.map(({ message, level, risk }) => (
          <li>
            <Message text={sentence(message)} /> <span class={`chip ${level.toLowerCase()}`}>{LEVELS[level]}</span>
            {risk !== null && (
              <span class="problem">
                {" "}
                <Message text={sentence(risk)} />
              </span>
            )}
          </li>
        ))}
      </ul>
      {cases.length > 0 && (
        <Folded
          summary={`${counted(cases.length, "case")} with a different request`}
          open={cases.length === 1}
          content={() => cases.map((each) => <ChangedCase found={each} />)}
        />
      )}
      {state !== "removed" && (
        <p>
          <a href={address("prompt", id)}>Open the prompt</a>
        </p>
      )}
    </Section>
  );
}

function ChangedCase({ found }: { readonly found: CaseDiff }) {
  const changed = found.messages.filter(({ before, after }) => before?.text !== after?.text);
  return (
    <article class="changed-case" aria-label={found.name}>
      <h3>{found.name}</h3>
      {found.after_error !== null && (
        <p class="problem">
          <Message text={sentence(found.after_error)} />
        </p>
      )}
      {changed.map((pair) => (
        <ChangedMessage pair={pair} />
      ))}
      {found.rest.length > 0 && <p class="muted">Also different: {found.rest.join(", ")}.</p>}
      {found.verdicts.map((line) => (
        <p class="muted">
          <Message text={sentence(line)} />
        </p>
      ))}
    </article>
  );
}

function ChangedMessage({ pair: { before, after } }: { readonly pair: SeenPair }) {
  return (
    <div class="message">
      <h4>{(after ?? before)?.role}</h4>
      <TextDiff before={before?.text ?? ""} after={after?.text ?? ""} />
    </div>
  );
}

interface SaveProperties {
  readonly files: number;
  readonly read: () => Promise<void>;
}

function Save({ files, read }: SaveProperties) {
  const saved = useSignal<readonly string[] | null>(null);
  const branch = useSignal<UiBranch | null>(null);
  const conflicts = useSignal<readonly UiConflict[]>([]);
  const save = (): Promise<void> =>
    reporting(async () => {
      try {
        await allSent();
        saved.value = (await post<UiSaved>("/api/save", {})).paths;
        conflicts.value = [];
        await read();
      } catch (error) {
        conflicts.value = error instanceof ApiError ? error.conflicts : [];
        throw error;
      }
    });
  if (!session.value?.write) {
    return files === 0 ? null : (
      <StartWith flag="--write" what="This workbench is read-only: your changes stay here until it ends, and are not saved." />
    );
  }
  return (
    <>
      {saved.value !== null && files === 0 && (
        <p class="notice ok" role="status">
          Saved to {saved.value.join(", ")}.
        </p>
      )}
      {branch.value !== null && <Branched branch={branch.value} />}
      {conflicts.value.map((each) => (
        <Section title={`${each.path} was changed by someone else`} id={`conflict-${each.path}`}>
          <p class="muted">Marked is what differs in the file from your text. Undo your changes of this prompt, and make them again.</p>
          <TextDiff before={each.edited} after={each.disk ?? ""} />
        </Section>
      ))}
      {files > 0 && (
        <div class="columns save">
          <SaveToBranch
            saved={(made) => {
              branch.value = made;
              problem.value = null;
            }}
          />
          <Section title="Save to the files" id="save-files">
            <p class="muted">Writes {counted(files, "file")} in this folder. Whoever works in the folder sees the change at once.</p>
            <button type="button" onClick={() => void save()}>
              Save to the files
            </button>
          </Section>
        </div>
      )}
    </>
  );
}

function SaveToBranch({ saved }: { readonly saved: (made: UiBranch) => void }) {
  const [name, message] = [useSignal(""), useSignal("")];
  const isReady = name.value.trim() !== "" && message.value.trim() !== "";
  return (
    <Section title="Save to a branch" id="save-branch">
      <p class="muted">
        Puts your changes aside as a proposal that others can review. The files in this folder stay as they are.
      </p>
      <form
        class="stacked"
        onSubmit={(event) => {
          event.preventDefault();
          void reporting(async () => {
            const body = { name: name.value.trim(), message: message.value.trim() };
            await allSent();
            saved(await post<UiBranch>("/api/branch", body));
          });
        }}
      >
        <label for="branch-message">What you changed, in a sentence</label>
        <input
          id="branch-message"
          type="text"
          autocomplete="off"
          value={message.value}
          onInput={(event) => {
            const before = suggestion(message.value);
            message.value = event.currentTarget.value;
            if (name.value === before) {
              name.value = suggestion(message.value);
            }
          }}
        />
        <label for="branch-name">Name of the branch</label>
        <input
          id="branch-name"
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
        <button type="submit" class="primary" disabled={!isReady}>
          Save to a branch
        </button>
      </form>
    </Section>
  );
}

/** A name of a branch from what was changed. */
function suggestion(message: string): string {
  const words = message.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.slice(0, 6).join("-");
}

function Branched({ branch }: { readonly branch: UiBranch }) {
  const { branch: name, next } = branch;
  return (
    <div class="notice ok" role="status">
      <p>
        <strong>
          Saved to the branch <code>{name}</code>.
        </strong>{" "}
        {next === null
          ? "It is in this repository, which is connected to no other: a colleague can find it there."
          : "To ask for a review, give this command to a colleague, or type it in a terminal in this folder:"}
      </p>
      {next !== null && <Command text={next} />}
    </div>
  );
}

function Command({ text }: { readonly text: string }) {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    copied.value = true;
  };
  return (
    <p class="command">
      <code>{text}</code>
      <button type="button" class="quiet" onClick={() => void copy()}>
        {copied.value ? "Copied" : "Copy"}
      </button>
    </p>
  );
}
