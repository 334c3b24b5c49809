/** What differs from the last commit, in plain words, and where it is saved. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Folded, Message, Section, StartWith, TextDiff, TextField } from "../parts/shown";
import { Undo } from "../parts/undo";
import { branch, Saving } from "../saving";
import { address, again, change, readChange, reporting, session } from "../session";
import { allSent, undone } from "../tried_prompt";
import type {
  CaseDiff,
  DiffReport,
  PromptDiff,
  SeenPair,
  UiChange,
  UiConflict,
  UiFailing,
} from "../types";
import { BUMPS, counted, failingWords, LEVELS, passedWords, sentence, STATUSES } from "../words";

export function ChangePage() {
  const { found, refused } = useChange();
  if (found === null) {
    return (
      <main>
        <h1>Your changes</h1>
        <p class="muted">Comparing…</p>
      </main>
    );
  }
  const undo = () => undone(found.files.flatMap(({ prompts }) => prompts));
  return (
    <main class="change">
      <div class="title-line">
        <h1>Your changes</h1>
        {(found.files.length > 0 || refused.length > 0) && <Undo files={found.files} undo={undo} />}
      </div>
      <Differences found={found} />
      <NotTaken ids={refused} />
      <Save found={found} />
    </main>
  );
}

/** The changes once they are read, and the prompts with a text that the server refused. */
function useChange(): { readonly found: UiChange | null; readonly refused: readonly string[] } {
  const isRead = useSignal(false);
  const refused = useSignal<readonly string[]>([]);
  const read = (): Promise<void> =>
    reporting(async () => {
      refused.value = await allSent().catch(() => []); // is shown, and sent again before a save
      await readChange();
      isRead.value = true;
    });
  useEffect(() => {
    void read();
  }, [again.value]);
  return { found: isRead.value ? change.value : null, refused: refused.value };
}

function Differences({ found }: { readonly found: UiChange }) {
  const { diff, files } = found;
  if (diff === null) {
    return <p class="muted">Comparing…</p>;
  }
  if (files.length === 0 && diff.prompts.length === 0) {
    return (
      <p class="lead">
        Nothing has changed. Choose a <a href={address("")}>prompt</a> and edit its text.
      </p>
    );
  }
  return (
    <>
      <p class="lead">What your edits change for the model and for the applications that use these prompts.</p>
      <Failing found={found} />
      <Bump report={diff} />
      {diff.prompts.map((each) => (
        <ChangedPrompt key={each.id} prompt={each} />
      ))}
    </>
  );
}

/** The cases that a review would stop at. */
function Failing({ found: { failing, files, tested } }: { readonly found: UiChange }) {
  if (failing.length === 0) {
    const { text, look } = passedWords(tested ?? { cases: 0, unchecked: 0 });
    return files.length > 0 ? <p class={`notice ${look}`}>{text}</p> : null;
  }
  return (
    <Section title={`${counted(failing.length, "test case")} ${failing.length === 1 ? "does" : "do"} not pass`} id="failing">
      <p class="muted">
        <code>promptops check</code> fails because of them.
      </p>
      <ul class="case-runs">
        {failing.map((each) => (
          <FailingCase found={each} />
        ))}
      </ul>
    </Section>
  );
}

function FailingCase({ found }: { readonly found: UiFailing }) {
  const { id, case: name, status } = found;
  return (
    <li class={status}>
      <div class="line">
        <a class="case-name" href={address("prompt", id, name)}>
          {name === null ? id : `${id}: ${name}`}
        </a>
        <span class={`chip ${status}`}>{STATUSES[status]}</span>
      </div>
      <p class="muted">
        <Message text={failingWords(found, session.value?.live ?? false)} />
      </p>
    </li>
  );
}

/** Prompts whose text in the editor is not one of the changes. */
function NotTaken({ ids }: { readonly ids: readonly string[] }) {
  return (
    <>
      {ids.map((id) => (
        <p class="notice bad" role="alert">
          <span>
            A text of <a href={address("prompt", id)}>{id}</a> was refused, so it is not saved.
          </span>
        </p>
      ))}
    </>
  );
}

function Bump({ report }: { readonly report: DiffReport }) {
  const { bump, before_version: before, after_version: after } = report;
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

function Save({ found }: { readonly found: UiChange }) {
  const saving = useMemo(() => new Saving(), []);
  const { files } = found;
  if (!session.value?.write) {
    return files.length === 0 ? null : (
      <StartWith flag="--write" what="This workbench is read-only: your changes stay here until it ends, and are not saved." />
    );
  }
  return (
    <>
      {saving.paths.value !== null && files.length === 0 && (
        <p class="notice ok" role="status">
          Saved to {saving.paths.value.join(", ")}.
        </p>
      )}
      {saving.conflicts.value.map((each) => (
        <Conflict found={each} />
      ))}
      {files.length > 0 && (
        <div class="columns save">
          <SaveToBranch found={found} saving={saving} />
          <SaveToFiles found={found} saving={saving} />
        </div>
      )}
    </>
  );
}

function Conflict({ found: { path, edited, disk } }: { readonly found: UiConflict }) {
  return (
    <Section title={`${path} was changed by someone else`} id={`conflict-${path}`}>
      <p class="muted">Marks show where the file differs from your text. Undo your changes of this prompt, and make them again.</p>
      <TextDiff before={edited} after={disk ?? ""} />
    </Section>
  );
}

interface SavingProperties {
  readonly found: UiChange;
  readonly saving: Saving;
}

function SaveToFiles({ found: { files, state }, saving }: SavingProperties) {
  return (
    <Section title="Save to the files" id="save-files">
      <p class="muted">
        Writes {counted(files.length, "file")} in this folder. Whoever works in the folder sees the change at once.
      </p>
      <button type="button" disabled={saving.isUnderWay.value} onClick={() => void saving.toFiles(state)}>
        Save to the files
      </button>
    </Section>
  );
}

function SaveToBranch({ found, saving }: SavingProperties) {
  return (
    <Section title="Save to a branch" id="save-branch">
      {found.saved === null ? <BranchForm found={found} saving={saving} /> : <Branched name={found.saved} />}
    </Section>
  );
}

function BranchForm({ found: { state }, saving }: SavingProperties) {
  const [name, message] = [useSignal(""), useSignal("")];
  const isReady = name.value.trim() !== "" && message.value.trim() !== "" && !saving.isUnderWay.value;
  const describe = (text: string): void => {
    if (name.value === suggestion(message.value)) {
      name.value = suggestion(text);
    }
    message.value = text;
  };
  return (
    <>
      <p class="muted">
        Puts your changes aside as a proposal that others can review. The files in this folder stay as they are.
      </p>
      <form
        class="stacked"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) {
            void saving.toBranch(state, name.value.trim(), message.value.trim());
          }
        }}
      >
        <TextField
          id="branch-message"
          label="What you changed, in a sentence"
          isRequired
          text={message.value}
          changed={describe}
        />
        <TextField
          id="branch-name"
          label="Name of the branch"
          spellcheck={false}
          isRequired
          text={name.value}
          changed={(text) => (name.value = text)}
        />
        <button type="submit" class="primary" disabled={saving.isUnderWay.value}>
          Save to a branch
        </button>
      </form>
    </>
  );
}

/** A name of a branch from what was changed. */
function suggestion(message: string): string {
  const words = message.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.slice(0, 6).join("-");
}

/** In place of the form: nothing moves under the mouse. */
function Branched({ name }: { readonly name: string }) {
  const made = branch.value?.branch === name ? branch.value : null;
  return (
    <div class="notice ok stacked" role="status">
      <p>
        <strong>
          Saved to the branch <code>{name}</code>.
        </strong>
      </p>
      {made !== null && made.next !== null ? (
        <>
          <p>To ask for a review, give this command to a colleague, or type it in a terminal in this folder:</p>
          <Command text={made.next} />
        </>
      ) : (
        <p>The branch is on this computer. Somebody who uses git can send it to the others.</p>
      )}
      <p>Your edits stay here, too, until you undo them. The branch keeps them.</p>
    </div>
  );
}

function Command({ text }: { readonly text: string }) {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    copied.value = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false, // the browser does not allow it; the text can be selected
    );
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
