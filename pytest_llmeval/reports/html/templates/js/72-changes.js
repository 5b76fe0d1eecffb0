/* What changed against the baseline: how many cases in what way, and those with another outcome one by one. */

const FIRST = 10; // cases shown at once
const SPREAD = 3; // of them, those that are open
const MOST_REASONS = 6; // scores of a case

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
  const drop = (row) => Math.max(...store.metrics.map((name) => lossOf(store, row, name)), 0);
  moved.sort((one, other) => ORDER.indexOf(store.change(one)) - ORDER.indexOf(store.change(other)) || drop(other) - drop(one) || one.place - other.place);
  if (!moved.length) return none("No case has a different outcome or a worse score than before.");
  const list = el("div");
  const more = button("", () => {
    const start = list.children.length;
    add();
    if (more.hidden) list.children[start].firstElementChild.focus();
  }, { class: "link" });
  const add = () => {
    const start = list.children.length;
    list.append(...moved.slice(start, start + FIRST).map((row, place) => changedCase(view, drawer, row, start + place < SPREAD)));
    const rest = moved.length - list.children.length;
    more.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(FIRST, rest)} more of ${grouped(rest)}`;
  };
  add();
  return el("div", null, list, more);
}

/** How much worse a score is, as a share of its scale. */
function lossOf(store, row, name) {
  const [now, then, scale] = [row.scores[name], store.before(row)?.scores[name], store.scales.get(name)];
  if (typeof now !== "number" || typeof then !== "number" || scale.low === null || scale.high === null) return 0;
  return ((scale.higher_is_better ? then - now : now - then) / (scale.high - scale.low)) || 0;
}

function changedCase(view, drawer, row, isOpen) {
  const { store } = view;
  const then = store.before(row);
  const body = el("div", { class: "body" });
  const badges = then.outcome && then.outcome !== row.outcome ? [badge(then.outcome), " → ", badge(row.outcome)] : badge(row.outcome);
  const moves = store.metrics.filter((name) => typeof then.scores[name] === "number" && row.scores[name] !== undefined
    && row.scores[name] !== then.scores[name]);
  const scores = moves.slice(0, 3).map((name) => el("span", { class: "move" }, bdi(name), ` ${number(then.scores[name])} → `,
    el("b", null, row.scores[name] === false ? "unscored" : number(row.scores[name]))));
  const node = el("details", { class: `case ${toneOf(row.outcome)}`, toggle: () => node.open && !body.firstChild && fillChange(view, drawer, row, body) },
    el("summary", null, el("span", { class: "flip" }, badges), el("b", { dir: "auto", class: "case-id" }, short(row.id, BRIEF)), scores,
      el("span", { class: "ask", dir: "auto" }, whereAndAsk(store, row))), body);
  node.open = isOpen;
  return node;
}

async function fillChange(view, drawer, row, body) {
  const result = await view.store.result(row);
  const before = view.store.told(result);
  const [expected, answer] = [result.case.expected, result.completion?.text ?? null];
  const hasBefore = typeof before.answer === "string" && answer !== null;
  const prompt = result.case.prompt;
  body.replaceChildren(
    section("Prompt", textBlock(prompt.length > 1000 ? `${startOf(prompt, 1000)} …` : prompt)),
    el("div", { class: "pair" },
      section("Answer compared with the expected answer", answer === null ? none("There is no answer.") : expected === null ? textBlock(answer)
        : diffed(expected, answer)),
      hasBefore && section("Answer compared with the previous answer",
        before.answer === answer ? none("The same answer as before.") : diffed(before.answer, answer))),
    ...bothReasons(result, before),
    button("Open the case", () => drawer.show(row), { class: "link" }));
}

/** Now and before of each score that has a reason, those that moved first. Of many the others are folded. */
function bothReasons(result, before) {
  const told = result.scores.filter((score) => score.reason || score.error || before.scores[score.name]?.reason);
  const hasMoved = (score) => Boolean(before.scores[score.name]) && before.scores[score.name].value !== score.value;
  told.sort((one, other) => hasMoved(other) - hasMoved(one));
  const pairs = told.map((score) => {
    const then = before.scores[score.name];
    const side = (heading, value, reason) => el("section", null,
      el("h3", null, bdi(score.name), ` ${heading}: `, el("b", null, value === null || value === undefined ? "unscored" : number(value))),
      el("p", { dir: "auto" }, reason || "No reason is known."));
    return el("div", { class: "pair" }, then && side("before", then.value, then.reason), side("now", score.value, score.reason || score.error));
  });
  return pairs.length > MOST_REASONS ? [...pairs.slice(0, MOST_REASONS),
    folded(`${pairs.length - MOST_REASONS} more scores`, pairs.slice(MOST_REASONS))] : pairs;
}
