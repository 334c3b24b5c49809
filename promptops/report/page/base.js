"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const sections = all(".part");
  if (!sections.length) return;

  const filter = byId("filter");
  const hide = document.querySelector("#controls input[type=checkbox]");
  const fold = byId("fold");
  const status = byId("status");
  const folding = all(".part summary.stop").map((summary) => summary.parentElement);
  const keys = byId("keys");
  const groups = all(".group").map((group) => [group, [...group.querySelectorAll(".part")]]);
  const headings = new Map(sections.map((section) => [section, section.querySelector("h2, h3")]));
  const texts = new Map();

  // A row leads to what it sums up: it is hidden with all of that.
  const summedUp = (row) => row.dataset.of.split(" ").map(byId).filter(Boolean);
  const rows = all("[data-of]").map((row) => [row, summedUp(row)]);

  // What is filtered: the items of a part, or where it has none, the part as a whole.
  const units = new Map(
    sections.map((section) => {
      const items = [...section.querySelectorAll(".item")];
      return [section, items.length ? items : [section]];
    }),
  );

  // Of an item only what is its own is sought: items share most of what stands in them.
  function text(unit, section) {
    if (!texts.has(unit)) {
      const own = [headings.get(section), ...unit.querySelectorAll(".sought")];
      const parts = unit === section ? [section] : own.filter(Boolean);
      texts.set(unit, parts.map((part) => part.textContent.toLowerCase()).join("\n"));
    }
    return texts.get(unit);
  }

  function show() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let number = 0;
    for (const [section, found] of units) {
      for (const unit of found) {
        unit.hidden = !matches(unit, section, words);
        shown += !unit.hidden;
      }
      number += found.length;
      section.hidden = found.every((unit) => unit.hidden);
    }
    document.body.classList.toggle("without-quiet", hide.checked);
    const narrowed = words.length > 0 || hide.checked;
    for (const [group, parts] of groups) group.hidden = narrowed && parts.every(isHidden);
    for (const [row, found] of rows) {
      row.hidden = found.length ? found.every(isHidden) : !matches(row, row, words);
    }
    const count = `${shown} of ${number} ${status.dataset.what}`;
    status.textContent = narrowed ? `${count}${shown ? "" : ": nothing matches"}` : "";
  }

  function matches(unit, section, words) {
    const quiet = hide.checked && unit.classList.contains("quiet");
    return !quiet && words.every((word) => text(unit, section).includes(word));
  }

  const isHidden = (element) => element.hidden;

  function foldAll() {
    const open = !someOpen();
    for (const details of folding) details.open = open;
    nameFold();
  }

  const someOpen = () => folding.some((details) => details.open);

  function nameFold() {
    fold.textContent = `${someOpen() ? "Fold" : "Open"} ${fold.dataset.what}`;
  }

  function move(step) {
    const stops = all(".part:not([hidden]) .stop").filter(isShown);
    const focused = stops.findIndex((stop) => stop.contains(document.activeElement));
    const first = stops.findIndex(isBelow(byId("controls").getBoundingClientRect().bottom));
    const end = first < 0 ? stops.length : first;
    const next = stops[focused < 0 ? (step > 0 ? end : end - 1) : focused + step];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "start" });
  }

  function isShown(stop) {
    return !stop.closest("[hidden]") && !(hide.checked && stop.closest(".quiet"));
  }

  // Only one section is asked for places inside it: the browser lays out none that is far away.
  function isBelow(edge) {
    const section = sections.find((each) => each.getBoundingClientRect().bottom > edge);
    return (stop) =>
      section?.contains(stop)
        ? stop.getBoundingClientRect().top >= edge
        : section?.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING;
  }

  function showKeys() {
    keys.showModal();
    byId("hide-keys").focus();
  }

  function openTarget() {
    const target = location.hash && byId(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }

  const actions = {
    j: () => move(1),
    ArrowRight: () => move(1),
    k: () => move(-1),
    ArrowLeft: () => move(-1),
    [hide.dataset.key]: () => hide.click(),
    o: foldAll,
    "/": () => filter.focus(),
    "?": showKeys,
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === filter) {
      event.preventDefault(); // which would clear it
      filter.blur();
    }
    const typing = event.target.matches("input:not([type=checkbox])") || keys.open;
    const asked = byId("use-keys").checked || event.key === "?";
    if (typing || !asked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });

  filter.addEventListener("input", show);
  hide.addEventListener("change", show);
  fold.addEventListener("click", foldAll);
  byId("show-keys").addEventListener("click", showKeys);
  byId("hide-keys").addEventListener("click", () => keys.close());
  for (const details of folding) details.addEventListener("toggle", nameFold);
  // Not every browser lets keys scroll a text that is higher than its box.
  const reachable = ({ target }) => {
    for (const each of target.querySelectorAll("pre, .compared")) {
      if (each.scrollHeight > each.clientHeight) each.tabIndex = 0;
    }
  };
  document.addEventListener("toggle", reachable, true);
  addEventListener("hashchange", openTarget);
  openTarget();
  nameFold();
  fold.hidden = !folding.length;
  byId("controls").hidden = false;
  show(); // a browser keeps what was typed when a page is loaded again
})();
