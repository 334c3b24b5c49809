/** A button that undoes changes, after a question that names what is lost. */

import { useRef } from "preact/hooks";
import { readChange, reporting } from "../session";
import type { UiPendingFile } from "../types";

interface Properties {
  /** The files whose changes are undone. */
  readonly files: readonly UiPendingFile[];
  readonly undo: () => Promise<void>;
}

export function Undo({ files, undo }: Properties) {
  const question = useRef<HTMLDialogElement>(null);
  const ask = (): Promise<void> =>
    reporting(async () => {
      await readChange(); // another tab may have kept a case
      question.current?.showModal();
    });
  const cases = [...new Set(files.flatMap((file) => file.cases))];
  return (
    <>
      <button type="button" class="quiet" onClick={() => void ask()}>
        Undo all changes
      </button>
      <dialog ref={question} aria-labelledby="undo-question">
        <h2 id="undo-question">Undo all changes?</h2>
        <p>The texts are again as they were before you edited them here. A branch to which you saved keeps your changes.</p>
        {cases.length > 0 && (
          <p>
            {cases.length === 1 ? "The test case that you kept is" : "The test cases that you kept are"} dropped, too:{" "}
            {cases.map((name) => `“${name}”`).join(", ")}.
          </p>
        )}
        <form
          method="dialog"
          class="line"
          onSubmit={(event) => {
            event.preventDefault();
            question.current?.close();
            void undo();
          }}
        >
          <button type="submit">
            Undo them
          </button>
          <button type="button" onClick={() => question.current?.close()}>
            Keep my changes
          </button>
        </form>
      </dialog>
    </>
  );
}
