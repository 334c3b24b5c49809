/** The workbench: the frame of all pages. Text from the server is only ever set as text. */

import "./style.css";
import "./form/form.css";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { hasToken, takeToken } from "./api";
import { CatalogPage } from "./pages/catalog";
import { ChangePage } from "./pages/change";
import { ComparePage } from "./pages/compare";
import { PromptPage } from "./pages/prompt";
import { Problem } from "./parts/shown";
import { address, again, openSession, pending, problem, readChange, reporting, route, session } from "./session";

function App() {
  const { page, id } = route.value;
  useEffect(() => {
    if (again.value > 0 && page !== "change") { // that page reads it itself
      void reporting(readChange);
    }
  }, [again.value]);
  useEffect(() => {
    problem.value = null;
    document.title = [id, TITLES[page] ?? "Prompts", "promptops"].filter(Boolean).join(" · ");
    scrollTo(0, 0);
  }, [page, id]);
  return (
    <>
      <Header />
      {problem.value !== null && (
        <Problem
          error={problem.value}
          closed={() => {
            problem.value = null;
          }}
        />
      )}
      {session.value === null ? <main /> : <Page />}
    </>
  );
}

const TITLES: Readonly<Record<string, string>> = { compare: "Compare", change: "Your changes", prompt: "Prompt" };

function Page() {
  const { page, id, name } = route.value;
  switch (page) {
    case "prompt":
      return <PromptPage key={id} id={id} name={name} />;
    case "compare":
      return <ComparePage key={id} id={id} />;
    case "change":
      return <ChangePage />;
    default:
      return <CatalogPage />;
  }
}

function Header() {
  const opened = session.value;
  const count = pending.value.length;
  const { page } = route.value;
  const current = (is: boolean) => (is ? ({ "aria-current": "page" } as const) : {});
  return (
    <header class="top">
      <a class="brand" href={address("")}>
        promptops
      </a>
      <nav aria-label="Pages">
        <a href={address("")} {...current(page !== "change")}>
          Prompts
        </a>
        <a href={address("change")} {...current(page === "change")}>
          Your changes
          {count > 0 && (
            <span class="count-badge">
              {count}
              <span class="hidden"> not saved</span>
            </span>
          )}
        </a>
      </nav>
      {opened !== null && (
        <p class="where muted">
          {opened.repository}
          {opened.revision !== "worktree" ? ` · ${opened.revision}` : opened.branch !== null && ` · ${opened.branch}`}
          {!opened.write && <span class="chip">read-only</span>}
        </p>
      )}
    </header>
  );
}

function NoToken() {
  return (
    <main>
      <h1>This address is not complete</h1>
      <p class="lead">
        Open the address that <code>promptops ui</code> printed in the terminal, with all that follows the <code>#</code>.
      </p>
    </main>
  );
}

function start(): void {
  if (hasToken()) {
    void openSession();
    render(<App />, document.body);
  } else {
    render(<NoToken />, document.body);
  }
}

// The address of another start, in this tab: only the part after # differs.
window.addEventListener("hashchange", () => {
  if (takeToken()) {
    problem.value = null;
    again.value += 1;
    start();
  }
});
takeToken();
start();
