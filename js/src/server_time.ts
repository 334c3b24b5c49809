/** The time after which a server accepts requests again. */
const UNITS: Record<string, number> = { d: 86_400, h: 3_600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6 };
const PART = /(\d+(?:\.\d+)?)(ms|us|µs|[dhms])/g;
const LONGEST = 48;
const DATE_BEGINS_AT = 1e9; // as seconds since 1970 that is 2001, as a duration 31 years
const DATE = /^(\d{4}-\d\d-\d\d|(\w+, )?\d{1,2}[ -]\w{3}[ -]\d{2,4} \d\d:\d\d)/;

/** Seconds from `now`, a Unix time, for `1s`, `6m0s`, `12`, a Unix time or a date; undefined for anything else. */
export function secondsFrom(written: string, now: number): number | undefined {
  const text = written.trim();
  if (text.length > LONGEST) return undefined;
  const parts = [...text.matchAll(PART)];
  if (text !== "" && parts.map(([all]) => all).join("") === text)
    return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0), 0);
  if (!/^\+?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    const date = DATE.test(text) ? Date.parse(text) / 1000 : Number.NaN;
    return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
  }
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  const seconds = number >= DATE_BEGINS_AT * 1000 ? number / 1000 : number;
  return seconds >= DATE_BEGINS_AT ? Math.max(seconds - now, 0) : seconds;
}
