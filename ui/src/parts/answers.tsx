/** Answers of models, with what was checked about each. Texts are text nodes. */

import { cutWords, isWrong, markedParts, markTitle } from "../answer_marks";
import { session } from "../session";
import type { AssertionResult, ModelAnswer } from "../types";
import { aboutWords, answerAdvice, answerReason, checkWords, counted, dollars, seconds, sentence } from "../words";
import { Message } from "./shown";

export function Answer({ answer, live }: { readonly answer: ModelAnswer; readonly live: boolean }) {
  const { profile, model, problem, assertions } = answer;
  return (
    <article class="answer" aria-label={`answer of ${profile}`}>
      <h3>
        {profile} <span class="muted">{answer.answer?.model ?? model}</span>
      </h3>
      <AnswerText answer={answer} />
      <Cut answer={answer} />
      {[problem === null ? null : sentence(problem), answerReason(answer)].map(
        (each) =>
          each !== null && (
            <p class="problem">
              <Message text={each} />
            </p>
          ),
      )}
      <p class="muted figures">{figures(answer, live).join(" · ")}</p>
      <Assertions results={assertions} />
    </article>
  );
}

/** What a model answered: a text, calls of tools, or both. */
export function AnswerText({ answer: { text, answer, assertions } }: { readonly answer: ModelAnswer }) {
  const calls = answer?.tool_calls ?? [];
  return (
    <>
      {(text !== "" || calls.length === 0) && (
        <div class="text">
          {text === "" ? <span class="muted">(no text)</span> : <MarkedText text={text} results={assertions} />}
        </div>
      )}
      {calls.map((call) => (
        <div class="text code">{JSON.stringify(call, null, 2)}</div>
      ))}
    </>
  );
}

/** The text of an answer, marked where assertions found something. */
function MarkedText({ text, results }: { readonly text: string; readonly results: readonly AssertionResult[] }) {
  return (
    <>
      {markedParts(text, results).map((part) =>
        part.results.length === 0 ? (
          part.text
        ) : (
          <mark
            class={isWrong(part) ? "found wrong" : "found"}
            title={markTitle(part)}
            aria-description={markTitle(part)}
          >
            {part.text}
          </mark>
        ),
      )}
    </>
  );
}

export function Cut({ answer }: { readonly answer: ModelAnswer }) {
  const words = cutWords(answer);
  return words === null ? null : <p class="notice warn">{words}</p>;
}

export function figures(answer: ModelAnswer, live: boolean): string[] {
  const { cost_usd: cost, duration_s: duration, answer: complete } = answer;
  return [
    ...(live ? [] : ["recorded"]),
    ...(duration !== null && live ? [seconds(duration)] : []),
    ...(complete === null ? [] : [counted(complete.usage.output, "token")]),
    ...(cost === null || !live ? [] : [dollars(cost)]),
  ];
}

/** The advice where an answer of a prompt's own model is missing. */
export function HowToAnswer({ own }: { readonly own: string | null }) {
  return <Message text={answerAdvice(session.value?.live ?? false, own)} />;
}

const MARKS: Readonly<Record<AssertionResult["status"], string>> = {
  passed: "✓",
  failed: "✗",
  error: "!",
  skipped: "–",
};

export function Assertions({ results }: { readonly results: readonly AssertionResult[] }) {
  if (results.length === 0) {
    return null;
  }
  const isBad = results.some(({ status }) => status === "failed" || status === "error");
  const isGood = results.some(({ status, on }) => status === "passed" && on !== "request");
  const look = isBad ? "bad" : isGood ? "good" : "muted";
  return (
    <details class="checks" open={isBad}>
      <summary class={look}>{sentence(checkWords(results))}</summary>
      <ul>
        {results.map(({ status, type, on, turn, reason }) => (
          <li class={status}>
            <span class="mark" aria-hidden="true">
              {MARKS[status]}
            </span>
            <span>
              <span class="hidden">{status}: </span>
              {aboutWords({ on, turn })}
              <code>{type}</code> <Message text={reason} />
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
