/* The toolbar above the table: search, filters, and the active filters. */

function filterBar(view, labels) {
  const { store } = view;
  const search = el("input", {
    type: "search", id: "search", placeholder: "Search ids, prompts, answers, reasons", "aria-label": "Search the cases",
    autocomplete: "off", spellcheck: "false", "aria-keyshortcuts": "/",
    input: (event) => view.set({ query: event.target.value }),
    focus: () => store.readTexts((share) => texts(view, share)),
  });
  const caseCount = el("p", { class: "case-count", role: "status" });
  const active = el("div", { class: "active-filters" });
  const controls = [outcomeButtons(view), tagChoice(view), changeChoice(view), labelChoice(view), ...baselineChoice(view), rangeForm(view), sortChoice(view)];
  view.listeners.push(() => {
    if (search.value !== view.query) search.value = view.query;
    caseCount.textContent = `${grouped(view.rows.length)} of ${counted(store.rows.length, "case")}`;
    const hasFocus = active.contains(document.activeElement); // its button is removed, which would lose the focus
    active.replaceChildren(...activeFilters(view));
    if (hasFocus) (active.firstElementChild || search).focus();
  });
  if (view.query) store.readTexts((share) => texts(view, share));
  return el("div", { class: "toolbar" }, search, controls, el("div", { class: "outcome-line" }, caseCount, active, exportButton(store, labels)));
}

function texts(view, share) {
  document.getElementById("search").title = share < 1 ? `Whole texts: ${Math.floor(100 * share)}% read` : "";
  if (view.query && (share === 1 || Math.round(share * 100) % 10 === 0)) view.refresh();
}

function outcomeButtons(view) {
  const counts = countBy(view.store.rows, (row) => [row.outcome]);
  const toggle = (outcome) => {
    const outcomes = new Set(view.outcomes);
    if (!outcomes.delete(outcome)) outcomes.add(outcome);
    view.set({ outcomes });
  };
  const buttons = Object.keys(OUTCOMES).filter((outcome) => counts.has(outcome)).map((outcome) =>
    button(`${outcome} ${grouped(counts.get(outcome))}`, () => toggle(outcome), { class: `chip ${toneOf(outcome)}`, "data-outcome": outcome }));
  view.listeners.push(() => buttons.forEach((chip) => chip.setAttribute("aria-pressed", view.outcomes.has(chip.dataset.outcome))));
  return el("div", { class: "chips", role: "group", "aria-label": "Outcome" }, buttons, unscoredButton(view));
}

function unscoredButton(view) {
  const count = view.store.rows.filter((row) => Object.values(row.scores).includes(false)).length;
  if (!count) return null;
  const toggle = button(`unscored ${grouped(count)}`, () => view.set({ unscored: !view.unscored }), { class: "chip error" });
  view.listeners.push(() => toggle.setAttribute("aria-pressed", view.unscored));
  return toggle;
}

/** Makes a labelled select element that shows and sets a member of the view. */
function choice(view, name, member, options, set = (value) => view.set({ [member]: value })) {
  const select = el("select", { change: (event) => set(event.target.value) }, options.map(([value, text]) => el("option", { value }, text)));
  view.listeners.push(() => {
    const value = member === "baseline" ? view.store.baseline : view[member];
    if (select.value !== value) select.value = value;
  });
  return el("label", { class: "field" }, el("span", null, name), select);
}

function tagChoice(view) {
  const counts = [...countBy(view.store.rows, (row) => row.tags)].sort(([a], [b]) => (a < b ? -1 : 1));
  return counts.length ? choice(view, "Tag", "tag", [["", "any"], ...counts.map(([tag, count]) => [tag, `${short(tag, 60)} (${grouped(count)})`])]) : null;
}

function changeChoice(view) {
  if (!view.store.baseline) return null;
  return choice(view, "Change", "change", [["", "any"], ["changed", "Changed"], ["flips", "Different outcome"],
    ...VOCABULARY.changes.map(({ name, title }) => [name, title])]);
}

const labelChoice = (view) => choice(view, "Label", "label", [["", "any"], ["right", "right"], ["wrong", "wrong"], ["none", "none yet"]]);

function baselineChoice(view) {
  const { baselines } = view.store;
  const set = (baseline) => {
    view.store.compareWith(baseline);
    view.refresh();
  };
  return baselines.length > 1 ? [choice(view, "Baseline", "baseline", baselines.map((name) => [name, short(name, 60)]), set)] : [];
}

const fieldsOf = (store) => [
  ...store.metrics.map((name) => `score:${name}`),
  ...(store.baseline ? store.metrics.map((name) => `before:${name}`) : []),
  "cost", "latency", "took",
];

function rangeForm(view) {
  const select = el("select", { "aria-label": "Range of" }, fieldsOf(view.store).map((field) => el("option", { value: field }, short(fieldName(field), 60))));
  const ends = ["at least", "at most"].map((name) => el("input", { type: "number", step: "any", "aria-label": name, placeholder: name }));
  const set = (event) => {
    event.preventDefault();
    const [low, high] = ends.map((end) => bound(end.value));
    view.range(select.value, low === null && high === null ? null : { low, high });
  };
  return el("form", { class: "field range-form", submit: set, change: (event) => event.target !== select && set(event) },
    el("span", null, "Range"), select, ends, el("button", { type: "submit", class: "unseen" }, "Set the range"));
}

function sortChoice(view) {
  const fields = ["outcome", "id", ...(view.store.baseline ? ["change"] : []), ...view.store.metrics.map((name) => `score:${name}`), "tags", "cost",
    "latency", "took", "label"];
  const orders = fields.flatMap((field) => [[field, `${short(fieldName(field), 60)}, rising`], [`-${field}`, `${short(fieldName(field), 60)}, falling`]]);
  return choice(view, "Sort", "sort", [["", "Attention first"], ...orders]);
}

/** Makes a button for each active filter, which removes it. */
function activeFilters(view) {
  const removal = (text, action) => button([bdi(short(text, 80)), el("span", { "aria-hidden": "true" }, " ×")], action,
    { class: "chip on", "aria-label": `Remove the filter ${text}` });
  const chips = [];
  if (view.tag) chips.push(removal(`tag ${view.tag}`, () => view.set({ tag: "" })));
  if (view.change) chips.push(removal(view.change === "flips" ? "different outcome" : view.change, () => view.set({ change: "" })));
  for (const [field, range] of view.ranges) chips.push(removal(rangeText(field, range), () => view.range(field, null)));
  if (view.isNarrow) chips.push(button("Show all", () => { view.clear(); view.refresh(); }, { class: "link" }));
  return chips;
}

function exportButton(store, labels) {
  const save = button("Export labels", () => exportLabels(store, labels), { class: "link export" });
  labels.listeners.push(() => {
    save.hidden = !labels.size;
    save.textContent = `Export ${counted(labels.size, "label")} as CSV`;
  });
  labels.notify();
  return save;
}

function countBy(rows, keys) {
  const counts = new Map();
  for (const row of rows) for (const key of keys(row)) counts.set(key, (counts.get(key) || 0) + 1);
  return counts;
}
