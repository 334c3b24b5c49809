/** Answers of models, with what was checked about each. Texts are text nodes. */

import type { AssertionResult, ModelAnswer } from "../types";
import { checkWords, counted, dollars, seconds, sentence } from "../words";
import { Message } from "./shown";

/** How a model stopped before its end, or null. */
export function cut({ answer, limit }: ModelAnswer): string | null {
  if (answer?.finish_reason !== "length") {
    return null;
  }
  const of = limit === null ? "" : ` of ${counted(limit, "token")}`;
  return `The answer was cut at its limit${of}.`;
}

export function Answer({ answer, live }: { readonly answer: ModelAnswer; readonly live: boolean }) {
  const { profile, model, text, problem, reason, assertions } = answer;
  const calls = answer.answer?.tool_calls ?? [];
  return (
    <article class="answer" aria-label={`answer of ${profile}`}>
      <h3>
        {profile} <span class="muted">{answer.answer?.model ?? model}</span>
      </h3>
      {(text !== "" || calls.length === 0) && (
        <div class="text">{text === "" ? <span class="muted">(no text)</span> : text}</div>
      )}
      {calls.map((call) => (
        <div class="text code">{JSON.stringify(call, null, 2)}</div>
      ))}
      {cut(answer) !== null && <p class="notice warn">{cut(answer)}</p>}
      {[problem, reason].map(
        (each) =>
          each !== null && (
            <p class="problem">
              <Message text={sentence(each)} />
            </p>
          ),
      )}
      <p class="muted figures">{figures(answer, live).join(" · ")}</p>
      <Assertions results={assertions} />
    </article>
  );
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
  const isGood = results.some(({ status, on }) => status === "passed" && on === "answer");
  return (
    <details class="checks" open={isBad}>
      <summary class={isBad ? "bad" : isGood ? "good" : "muted"}>{sentence(checkWords(results))}</summary>
      <ul>
        {results.map(({ status, type, on, reason }) => (
          <li class={status}>
            <span class="mark" aria-hidden="true">
              {MARKS[status]}
            </span>
            <span>
              <span class="hidden">{status}: </span>
              {on === "request" ? "in the request: " : ""}
              <code>{type}</code> <Message text={reason} />
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
