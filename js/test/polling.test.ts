import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsFrom } from "../src/server_time";
import { Polling } from "../src/snapshots";

test("the first wait is any part of the interval, and the next ones differ by a fifth", () => {
  const waits = [0, 0.5, 0.75].map((share) => {
    const polling = new Polling(() => share);
    const first = polling.wait(60);
    polling.succeeded();
    return [first, polling.wait(60)];
  });

  assert.deepEqual(waits, [
    [0, 48],
    [30, 60],
    [45, 66],
  ]);
});

test("after each failure the wait doubles up to ten intervals, and a success ends it", () => {
  const polling = new Polling(() => 0.5);
  const waits = Array.from({ length: 5 }, () => {
    polling.failed();
    return polling.wait(60);
  });
  polling.succeeded();

  assert.deepEqual([...waits, polling.wait(60)], [120, 240, 480, 600, 600, 60]);
  assert.equal(polling.hold(60), 54);
});

test("a source can require to wait, at most an hour", () => {
  const polling = new Polling(() => 0);
  const waits = [90, 10_000, -1].map((seconds) => {
    polling.failed(seconds);
    return [polling.wait(1), polling.hold(1)];
  });

  assert.deepEqual(waits, [
    [90, 90],
    [3600, 3600],
    [6.4, 1],
  ]);
});

test("the time of a server is seconds, a duration, a Unix time or a date", () => {
  const now = 1_800_000_000;
  const times = {
    "120": 120,
    " 1.5 ": 1.5,
    "6m0s": 360,
    "1d2h": 93_600,
    "250ms": 0.25,
    "1800000060": 60,
    "1800000060000": 60,
    "1700000000": 0,
    "Fri, 15 Jan 2027 08:01:00 GMT": 60,
    "2027-01-15T08:01:00Z": 60,
    "Thu, 01 Jan 1970 00:00:00 GMT": 0,
    "": undefined,
    soon: undefined,
    "-5": undefined,
    "1e999": undefined,
    "5 apples": undefined,
    "5s and more": undefined,
    NaN: undefined,
  };

  assert.deepEqual(
    Object.keys(times).map((text) => secondsFrom(text, now)),
    Object.values(times),
  );
});
