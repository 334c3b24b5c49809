import assert from "node:assert/strict";
import { test } from "node:test";
import { marksOf } from "../src/marks";
import type { AssertionResult, CaseRun, Finding, Place, TestRun, UiFailing } from "../src/types";
import { answerAdvice, answerReason, caseReason, checkWords, counted, dollars, failingWords, matches, passedWords, reportWords, seconds, sentence, spans, utf16Offset } from "../src/words";

test("numbers have a unit", () => {
  assert.deepEqual([counted(1, "token"), counted(1234, "token")], ["1 token", "1,234 tokens"]);
  assert.deepEqual([dollars(0.000123), dollars(1.5)], ["$0.00012", "$1.5"]);
  assert.deepEqual([seconds(0.25), seconds(12.4)], ["0.3 s", "12 s"]);
});

test("what is between backticks is code, and a message becomes a sentence", () => {
  assert.deepEqual(spans("`tikcet` is not an input"), [
    { text: "tikcet", code: true },
    { text: " is not an input", code: false },
  ]);
  assert.equal(sentence("not UTF-8"), "Not UTF-8.");
  assert.equal(sentence("really?"), "Really?");
  assert.equal(sentence("promptops test --record"), "Run `promptops test --record`.");
});

test("all words of a query are searched, in any case", () => {
  assert.deepEqual(
    ["", "refund", "reply REFUND", "refund invoice"].map((query) => matches(query, ["support/refund", null, "A reply"])),
    [true, true, true, false],
  );
});

test("characters are counted as Python does", () => {
  assert.deepEqual([utf16Offset("a😀b", 2), utf16Offset("a😀b", 9), utf16Offset("", 1)], [3, 4, 0]);
});

test("a finding is marked where it is in the text", () => {
  const place = (path: string, line: number, column: number, end: number): Place => ({
    path,
    line,
    column,
    end_line: line,
    end_column: end,
  });
  const finding = (at: Place): Finding => ({ place: at }) as Finding;
  const text = { path: "a.prompt.yaml", text: "Answer 😀:\n{{ tikcet }}\n", starts: [[5, 7], [6, 7], [7, 7]] as const };

  const marks = marksOf(text, [
    finding(place("a.prompt.yaml", 6, 10, 16)),
    finding(place("a.prompt.yaml", 5, 14, 15)),
    finding(place("b.md.j2", 6, 10, 16)),
    finding(place("a.prompt.yaml", 1, 1, 4)),
    finding(place("a.prompt.yaml", 6, 2, 4)),
  ]);

  assert.deepEqual(
    marks.map(({ from, to }) => text.text.slice(from, to)),
    ["tikcet", "😀"],
  );
});

test("checks of the request and of the answer are counted apart", () => {
  const checks = (on: AssertionResult["on"], ...statuses: AssertionResult["status"][]) =>
    statuses.map((status) => ({ on, status }) as AssertionResult);

  assert.deepEqual(
    [
      checkWords(checks("request", "passed")),
      checkWords(checks("answer", "passed", "passed")),
      checkWords([...checks("request", "passed"), ...checks("answer", "failed", "passed", "error", "skipped")]),
      checkWords([]),
      checkWords([...checks("answer", "passed", "failed").map((each) => ({ ...each, turn: 2 })), ...checks("conversation", "passed")]),
      checkWords(checks("conversation", "passed")),
    ],
    [
      "1 check of what the model receives: passed · no check of the answer",
      "2 checks of the answer: passed",
      "1 check of what the model receives: passed · 4 checks of the answer: 2 failed, 1 passed, 1 skipped",
      "no check of the answer",
      "2 checks of the answers: 1 failed, 1 passed · 1 check of the conversation: passed",
      "1 check of the conversation: passed",
    ],
  );
});

test("a case that does not pass has its reason, and the advice to get an answer only where one helps", () => {
  const found = { id: "a", case: "why", status: "stale" } as const;
  const words = (of: Pick<UiFailing, "reason" | "answerable">, isLive: boolean) => failingWords({ ...found, ...of }, isLive);
  const missing = { reason: "no answer to its request is recorded", answerable: true };
  const refused = { reason: "the answer to `why` is not recorded: it contains a secret (AWS)", answerable: false };

  assert.deepEqual(
    [words(missing, true), words(missing, false)],
    [
      "No answer to its request is recorded. Get one from the prompt's model: it is saved with your changes if a test case needs it.",
      "No answer to its request is recorded. Get one with `promptops ui --live`, or record it with `promptops test --record`.",
    ],
  );
  assert.equal(
    answerAdvice(true, "fast"),
    "Get one from `fast`, the prompt's model: it is saved with your changes if a test case needs it.",
  );
  const reason = "The answer to `why` is not recorded: it contains a secret (AWS).";
  assert.deepEqual([words(refused, true), words(refused, false)], [reason, reason]);
});

test("a run of test cases looks good only if every case checks an answer", () => {
  const of = (status: CaseRun["status"], ...on: AssertionResult["on"][]) =>
    ({ status, assertions: on.map((each) => ({ on: each })) }) as unknown as CaseRun;
  const words = (...cases: CaseRun[]) => {
    const number = (status: CaseRun["status"]) => cases.filter((each) => each.status === status).length;
    const count = { passed: number("passed"), failed: number("failed"), errors: 0, stale: number("stale"), warnings: 0 };
    return Object.values(reportWords({ cases, count } as unknown as TestRun));
  };

  assert.deepEqual(words(of("passed", "request", "answer")), ["1 case passed.", "good"]);
  assert.deepEqual(words(of("passed", "request"), of("passed", "answer")), [
    "2 cases passed. 1 passed case checks no answer.",
    "muted",
  ]);
  assert.deepEqual(words(of("passed", "answer"), of("stale", "answer")), [
    "1 case passed, 1 without an answer to check.",
    "muted",
  ]);
  assert.deepEqual(words(of("passed"), of("failed", "answer")), [
    "1 case passed, 1 failed. 1 passed case checks no answer.",
    "problem",
  ]);
});

test("test cases that pass look good only if all of them check an answer", () => {
  const words = (cases: number, unchecked: number) => Object.values(passedWords({ cases, unchecked }));

  assert.deepEqual(words(0, 0), ["The changed prompts have no test cases.", ""]);
  assert.deepEqual(words(2, 0), ["All test cases pass.", "ok"]);
  assert.deepEqual(words(2, 1), ["All test cases pass. 1 of 2 checks no answer.", ""]);
  assert.deepEqual(words(1, 1), ["All test cases pass. None of them checks an answer.", ""]);
});

test("an answer that was cut fails with words for a person who does not edit files", () => {
  const reason = "the answer is incomplete: it ended with 'length': increase `max_output_tokens`";
  const answer = { finish_reason: "length" } as CaseRun["answer"];
  const fails = "It counts as failed: somebody who edits the file can raise `max_output_tokens`.";

  assert.deepEqual(
    [answerReason({ reason, was_cut: true }), caseReason({ reason, answer })],
    [fails, `The answer was cut at its limit of tokens. ${fails}`],
  );
  assert.deepEqual([answerReason({ reason: "no", was_cut: false }), caseReason({ reason: "no", answer: null })], ["No.", "No."]);
  assert.deepEqual([answerReason({ reason: null, was_cut: true }), caseReason({ reason: null, answer })], [null, null]);
});
