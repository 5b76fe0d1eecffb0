/* The changes against the baseline: the number of cases by change, and the flipped and worse cases in detail. */

const PAGE = 10; // cases shown at once
const OPEN = 3; // of them, open at first
const MAX_REASONS = 6; // scores of a case

function changesPart(view, drawer, goToTable) {
  const { store } = view;
  const node = el("div", { class: "changes" });
  const fill = () => node.replaceChildren(tally(view, goToTable), changedCases(view, drawer));
  let shown = null;
  view.listeners.push(() => {
    if (shown === store.baseline) return;
    shown = store.baseline;
    fill();
  });
  return node;
}

function tally(view, goToTable) {
  const counts = countBy(view.store.rows, (row) => [view.store.change(row)]);
  const chips = ORDER.filter((change) => counts.has(change)).map((change) => button([el("b", null, grouped(counts.get(change))), ` ${change}`], () => {
    view.clear();
    view.set({ change });
    goToTable();
  }, { class: `chip ${CHANGES[change].tone}`, title: CHANGES[change].title }));
  return el("div", { class: "chips", role: "group", "aria-label": "Changes; each shows its cases" }, chips);
}

function changedCases(view, drawer) {
  const { store } = view;
  const moved = store.rows.filter((row) => CHANGES[store.change(row)].is_flip || store.change(row) === "worse");
  const loss = (row) => Math.max(...store.metrics.map((name) => lossOf(store, row, name)), 0);
  moved.sort((a, b) => ORDER.indexOf(store.change(a)) - ORDER.indexOf(store.change(b)) || loss(b) - loss(a) || a.index - b.index);
  if (!moved.length) return none("No case has a different outcome or a worse score than before.");
  const list = el("div");
  const more = button("", () => {
    const start = list.children.length;
    add();
    if (more.hidden) list.children[start].firstElementChild.focus();
  }, { class: "link" });
  const add = () => {
    const start = list.children.length;
    list.append(...moved.slice(start, start + PAGE).map((row, index) => changedCase(view, drawer, row, start + index < OPEN)));
    const rest = moved.length - list.children.length;
    more.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(PAGE, rest)} more of ${grouped(rest)}`;
  };
  add();
  return el("div", null, list, more);
}

/** Returns the loss of a score as a share of its scale. */
function lossOf(store, row, name) {
  const [now, before, scale] = [row.scores[name], store.before(row)?.scores[name], store.scales.get(name)];
  if (typeof now !== "number" || typeof before !== "number" || scale.low === null || scale.high === null) return 0;
  return ((scale.higher_is_better ? before - now : now - before) / (scale.high - scale.low)) || 0;
}

function changedCase(view, drawer, row, isOpen) {
  const { store } = view;
  const before = store.before(row);
  const body = el("div", { class: "body" });
  const badges = before.outcome && before.outcome !== row.outcome ? [badge(before.outcome), " → ", badge(row.outcome)] : badge(row.outcome);
  const moves = store.metrics.filter((name) => typeof before.scores[name] === "number" && row.scores[name] !== undefined
    && row.scores[name] !== before.scores[name]);
  const scores = moves.slice(0, 3).map((name) => el("span", { class: "move" }, bdi(name), ` ${number(before.scores[name])} → `,
    el("b", null, row.scores[name] === false ? "unscored" : number(row.scores[name]))));
  const node = el("details", { class: `case ${toneOf(row.outcome)}`, toggle: () => node.open && !body.firstChild && fillChange(view, drawer, row, body) },
    el("summary", null, el("span", { class: "flip" }, badges), el("b", { dir: "auto", class: "case-id" }, short(row.id, CELL_LENGTH)), scores,
      el("span", { class: "prompt", dir: "auto" }, subtitle(store, row))), body);
  node.open = isOpen;
  return node;
}

async function fillChange(view, drawer, row, body) {
  const result = await view.store.result(row);
  const before = view.store.baselineRecord(result);
  const [expected, answer] = [result.case.expected, result.completion?.text ?? null];
  const hasBefore = typeof before.answer === "string" && answer !== null;
  const prompt = result.case.prompt;
  body.replaceChildren(
    section("Prompt", textBlock(prompt.length > 1000 ? `${startOf(prompt, 1000)} …` : prompt)),
    el("div", { class: "pair" },
      section("Answer compared with the expected answer", expectedDiff(expected, answer)),
      hasBefore && section("Answer compared with the previous answer",
        before.answer === answer ? none("The same answer as before.") : diffed(before.answer, answer))),
    ...reasonPairs(result, before),
    button("Open the case", () => drawer.show(row), { class: "link" }));
}

function expectedDiff(expected, answer) {
  if (answer === null) return none("There is no answer.");
  return expected === null ? textBlock(answer) : diffed(expected, answer);
}

/** Shows the reasons of every score before and now, changed scores first. Folds all but the first few. */
function reasonPairs(result, before) {
  const scores = result.scores.filter((score) => score.reason || score.error || before.scores[score.name]?.reason);
  const hasMoved = (score) => Boolean(before.scores[score.name]) && before.scores[score.name].value !== score.value;
  scores.sort((a, b) => hasMoved(b) - hasMoved(a));
  const pairs = scores.map((score) => {
    const old = before.scores[score.name];
    const column = (heading, value, reason) => el("section", null,
      el("h3", null, bdi(score.name), ` ${heading}: `, el("b", null, value === null || value === undefined ? "unscored" : number(value))),
      el("p", { dir: "auto" }, reason || "No reason is known."));
    return el("div", { class: "pair" }, old && column("before", old.value, old.reason), column("now", score.value, score.reason || score.error));
  });
  if (pairs.length <= MAX_REASONS) return pairs;
  return [...pairs.slice(0, MAX_REASONS), folded(`${pairs.length - MAX_REASONS} more scores`, pairs.slice(MAX_REASONS))];
}
