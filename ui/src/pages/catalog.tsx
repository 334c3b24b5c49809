/** All prompts: only the rows that are in the window are drawn, and read by the server. */

import { computed, signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { get, post } from "../api";
import { address, again, reporting } from "../session";
import type { UiCatalog, UiPromptName, UiRow, UiRows } from "../types";
import { counted, matches } from "../words";

/** Of a row in pixels, as in style.css. */
const HEIGHT = 76;
/** Rows above and below the window that are drawn, too. */
const MARGIN = 8;
/** As many rows the server reads in one request. */
const MOST_ROWS = 200;
const PAUSE_MS = 60;

// They stay while another page is shown, so that the way back is short.
const prompts = signal<readonly UiPromptName[] | null>(null);
const rows = signal<ReadonlyMap<string, UiRow>>(new Map());
/** Those of them that were read with their findings, which takes much longer. */
const checked = new Set<string>();
const query = signal("");
const found = computed(() =>
  (prompts.value ?? []).filter(({ id }) => {
    const { title = null, description = null, tags = [], owners = [] } = rows.value.get(id) ?? {};
    return matches(query.value, [id, title, description, ...tags, ...owners]);
  }),
);

async function read(ids: readonly string[], findings: boolean): Promise<void> {
  const isKnown = (id: string): boolean => (findings ? checked.has(id) : rows.value.has(id));
  const missing = ids.filter((id) => !isKnown(id)).slice(0, MOST_ROWS);
  if (missing.length > 0) {
    const answer = await post<UiRows>("/api/rows", { ids: missing, findings });
    rows.value = new Map([...rows.value, ...answer.rows.map((row) => [row.id, row] as const)]);
    missing.forEach((id) => findings && checked.add(id));
  }
}

export function CatalogPage() {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) {
      box.current?.focus({ preventScroll: true });
    }
  }, []);
  useEffect(() => {
    checked.clear();
    void reporting(async () => {
      prompts.value = (await get<UiCatalog>("/api/catalog")).prompts;
    });
  }, [again.value]);

  // Descriptions are searched, too: the rows that nobody saw yet are read while the query stays.
  useEffect(() => {
    let stopped = query.value === "";
    const readRest = async (): Promise<void> => {
      for (const unread of chunks((prompts.value ?? []).map(({ id }) => id), MOST_ROWS)) {
        if (stopped) {
          return;
        }
        await read(unread, false);
      }
    };
    const waiting = setTimeout(() => void reporting(readRest), 5 * PAUSE_MS);
    return () => {
      stopped = true;
      clearTimeout(waiting);
    };
  }, [query.value, prompts.value, again.value]);

  const first = found.value[0];
  return (
    <main class="catalog">
      <h1>Prompts</h1>
      <p class="lead">Choose a prompt to change its words, try it with your own, and see what a model answers.</p>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (first !== undefined) {
            location.hash = address("prompt", first.id);
          }
        }}
      >
        <input
          type="search"
          aria-label="Search prompts"
          placeholder="Search by name, description, owner or tag"
          autocomplete="off"
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
          ref={box}
        />
      </form>
      <p class="muted count" role="status">
        {prompts.value === null ? "Reading…" : countWords(found.value.length, prompts.value.length)}
      </p>
      {first === undefined && query.value !== "" && prompts.value !== null && (
        <p>
          No prompt matches “{query.value}”.{" "}
          <button type="button" class="quiet" onClick={() => (query.value = "")}>
            Show all prompts
          </button>
        </p>
      )}
      <Rows shownPrompts={found.value} />
    </main>
  );
}

function countWords(found: number, all: number): string {
  return found === all ? counted(all, "prompt") : `${found.toLocaleString("en-US")} of ${counted(all, "prompt")}`;
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) {
    yield items.slice(start, start + size);
  }
}

function Rows({ shownPrompts }: { readonly shownPrompts: readonly UiPromptName[] }) {
  const list = useRef<HTMLUListElement>(null);
  const window_ = useSignal({ first: 0, last: 30 });
  useEffect(() => {
    const measure = (): void => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / HEIGHT) - MARGIN);
      const last = Math.ceil((innerHeight - top) / HEIGHT) + MARGIN;
      if (first !== window_.value.first || last !== window_.value.last) {
        window_.value = { first, last };
      }
    };
    measure();
    addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => {
      removeEventListener("scroll", measure);
      removeEventListener("resize", measure);
    };
  }, []);

  const { first, last } = window_.value;
  const shown = shownPrompts.slice(first, last);
  const ids = shown.map(({ id }) => id).join("\n");
  useEffect(() => {
    const waiting = setTimeout(() => void reporting(() => read(ids.split("\n").filter(Boolean), true)), PAUSE_MS);
    return () => clearTimeout(waiting);
  }, [ids, again.value]);

  return (
    <ul class="prompt-rows" ref={list} style={{ height: `${shownPrompts.length * HEIGHT}px` }}>
      {shown.map(({ id }, index) => (
        <li
          key={id}
          style={{ top: `${(first + index) * HEIGHT}px` }}
          aria-setsize={shownPrompts.length}
          aria-posinset={first + index + 1}
        >
          <Row id={id} row={rows.value.get(id)} />
        </li>
      ))}
    </ul>
  );
}

function Row({ id, row }: { readonly id: string; readonly row: UiRow | undefined }) {
  const folder = id.slice(0, id.lastIndexOf("/") + 1);
  const title = row?.title ?? null;
  return (
    <a href={address("prompt", id)} class="prompt-row">
      {title === null ? (
        <span class="prompt-name">
          <span class="muted">{folder}</span>
          {id.slice(folder.length)}
        </span>
      ) : (
        <span class="prompt-name">
          {title} <span class="muted">{id}</span>
        </span>
      )}
      <span class="prompt-about">{row === undefined ? " " : about(row)}</span>
      <span class="prompt-facts">{row !== undefined && <Facts row={row} />}</span>
    </a>
  );
}

function about({ readable, description }: UiRow): string {
  if (!readable) {
    return "This prompt can't be read.";
  }
  return description ?? "";
}

function Facts({ row }: { readonly row: UiRow }) {
  const { errors, warnings, status, tags, cases, owners, changed } = row;
  return (
    <>
      {changed && <span class="chip changed">changed</span>}
      {errors > 0 && <span class="chip bad">{counted(errors, "error")}</span>}
      {errors === 0 && warnings > 0 && <span class="chip warn">{counted(warnings, "warning")}</span>}
      {status !== null && status !== "active" && <span class="chip">{status}</span>}
      {tags.slice(0, 2).map((tag) => (
        <span class="chip">{tag}</span>
      ))}
      <span class="muted">{[counted(cases, "case"), ...owners.slice(0, 1)].join(" · ")}</span>
    </>
  );
}
