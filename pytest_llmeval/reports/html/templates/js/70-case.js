/* The details of one case, in reading order. */

const SHOWN = 20000; // characters of a text at first

/** Shows a text of the run unchanged. A button completes a very long one. */
function textBlock(text, kind = "") {
  const node = el("div", { class: `text ${kind}`, dir: "auto", tabindex: text.length > 2500 ? 0 : null }, textNode(startOf(text, SHOWN)));
  if (text.length <= SHOWN) return node;
  const more = button(`Show all ${grouped(text.length)} characters`, () => {
    node.replaceChildren(textNode(text));
    node.focus();
    more.remove();
  }, { class: "link" });
  return [node, more];
}

const section = (heading, ...content) => el("section", null, el("h3", null, heading), content);

const folded = (summary, ...content) => el("details", { class: "plain" }, el("summary", null, summary), content);

const none = (text) => el("p", { class: "none" }, text);

const facts = (pairs) => el("dl", { class: "facts" }, pairs.filter(([, text]) => text).map(([label, text]) => el("div", null,
  el("dt", null, bdi(label)), el("dd", null, bdi(text)))));

/** Makes the sections of a case. `reading` selects a view of the answer: a key of READINGS. */
function caseSections(store, result, reading) {
  const before = store.baselineRecord(result);
  return [
    result.message && el("section", { class: `why ${toneOf(result.outcome)}` }, el("h3", null, "Why"), textBlock(result.message)),
    chatSection(result),
    passages("Contexts", result.case.contexts),
    passages("Retrieved contexts", result.completion?.contexts || []),
    answerSection(result, before, reading),
    scoreSection(result, before),
    sampleSection(result),
    factSections(result),
  ];
}

function chatSection({ case: golden, request }) {
  const unsent = golden.messages.length ? golden.messages : [{ role: "user", content: golden.prompt }];
  const kind = (role) => (["system", "user", "assistant", "tool"].includes(role) ? role : "unknown");
  return section("Prompt", (request?.messages || unsent).map((message) =>
    el("div", { class: `message role-${kind(message.role)}` }, el("span", { class: "role" }, bdi(message.role || "")), textBlock(messageText(message)))));
}

const passages = (heading, texts) => texts.length > 0 && section(heading,
  el("ol", { class: "contexts" }, texts.map((text) => el("li", null, textBlock(text)))));

function answerSection({ case: { expected }, completion }, before, reading) {
  const answer = completion?.text;
  const shown = answer === undefined ? none("There is no answer.") : answerIn(reading, answer, expected, before?.answer);
  const previous = typeof before?.answer === "string" && before.answer !== answer && el("section", null, el("h3", null, "Answer before"), textBlock(before.answer));
  const same = before && before.answer === answer && answer !== undefined && el("p", { class: "none" }, "The same answer as before.");
  return el("div", { class: "pair" },
    section("Expected", expected === null ? none("The golden file has no expected answer.") : textBlock(expected)),
    section("Answer", shown, same,
      completion?.raw_text && folded("The reply it was taken from", textBlock(completion.raw_text, "mono")),
      completion?.choices.length > 1 && folded(`All ${completion.choices.length} choices`,
        el("ol", { class: "contexts" }, completion.choices.map((text) => el("li", null, textBlock(text)))))),
    previous);
}

function answerIn(reading, answer, expected, before) {
  if (reading === "expected" && expected !== null) return diffed(expected, answer);
  if (reading === "before" && typeof before === "string") return diffed(before, answer);
  if (reading === "markdown") return el("div", { class: "text rendered", dir: "auto" }, markdown(startOf(answer, SHOWN)));
  return textBlock(answer, "answer");
}

function scoreSection(result, before) {
  const checksOf = (index) => result.checks.filter((check) => check.score === index);
  const taken = result.scores.map((score, index) => scoreRow(score, checksOf(index), before?.scores[score.name]));
  const untaken = checksOf(null).map((check) => el("tr", null, el("th", { scope: "row" }, bdi(check.threshold.metric)),
    el("td", { class: "num" }, "not taken"), el("td", null, el("ul", { class: "bounds" }, checkItem(check))), el("td")));
  if (!taken.length && !untaken.length) return null;
  const heads = [["Score"], ["Value", "num"], ["Threshold"], ["Reason"]];
  return section("Scores", el("table", { class: "scores" }, el("thead", null,
    el("tr", null, heads.map(([name, kind]) => el("th", { scope: "col", class: kind }, name)))), el("tbody", null, taken, untaken)));
}

function scoreRow(score, checks, before) {
  const { value, scale } = score;
  const hasMoved = before && before.value !== null && before.value !== value;
  const hasParts = Object.values(score.parts).some((part) => part !== value);
  return el("tr", null,
    el("th", { scope: "row" }, bdi(score.name), el("small", null, score.version)),
    el("td", { class: "num" }, hasMoved && el("small", null, `${number(before.value)} → `),
      value === null ? el("b", { class: "error tone" }, "unscored") : el("b", null, number(value)),
      value !== null && scale.high !== null && el("small", null, ` of ${number(scale.high)}`), scale.unit && el("small", null, ` ${scale.unit}`)),
    el("td", null, checks.length ? el("ul", { class: "bounds" }, checks.map(checkItem)) : el("small", null, "none")),
    el("td", { dir: "auto" }, reasons(score, before), hasParts && el("ul", { class: "parts" },
      Object.entries(score.parts).map(([name, part]) => el("li", null, bdi(name), ` ${number(part)}`))), judgeReplies(score)));
}

/** Shows the reason of a score, next to the baseline's reason if they differ. */
function reasons(score, before) {
  const now = [score.reason && el("span", { dir: "auto" }, score.reason), score.error && el("span", { class: "error tone", dir: "auto" }, score.error)];
  if (!before?.reason || before.reason === score.reason) return now;
  return el("div", { class: "columns" }, el("div", null, el("small", null, "now"), now),
    el("div", null, el("small", null, "before"), el("span", { dir: "auto" }, before.reason)));
}

function judgeReplies({ raw, calls }) {
  const texts = calls.map((call) => call.text).filter((text) => text && text !== raw);
  if (!raw && !texts.length) return null;
  return folded("Raw reply of the judge", raw && textBlock(raw, "mono"), texts.map((text) => textBlock(text, "mono")));
}

/** Class and words for a check or a sample that meets its thresholds, misses one, or cannot be decided. */
function stateOf(met) {
  if (met === null) return { kind: "open", words: "not decided" };
  return met ? { kind: "met", words: "met" } : { kind: "missed", words: "missed" };
}

function checkItem({ met, threshold: { comparison, bound, params, origin } }) {
  const { kind, words } = stateOf(met);
  return el("li", { class: kind }, el("b", null, words), ` ${comparison} ${number(bound)}`,
    Object.entries(params).map(([name, value]) => [`, ${name} “`, bdi(plain(value)), "”"]), origin && el("small", null, ` ${origin}`));
}

function sampleSection({ samples, outcome }) {
  if (!samples.length) return null;
  const known = samples.filter((sample) => !sample.is_draw && sample.met !== null);
  const draws = samples.filter((sample) => sample.is_draw);
  const heading = known.length > 1 ? `Samples: ${known.filter((sample) => sample.met).length} of ${known.length} met` : "Samples";
  const missed = draws.filter((sample) => sample.met === false).length;
  const flaky = outcome === "passed" && draws.length > 0 && el("p", null,
    `This case must pass. It is flaky: passed on further samples; ${missed} of ${draws.length} missed a threshold.`);
  return section(heading, flaky, el("table", { class: "scores samples" },
    el("thead", null, el("tr", null, ["Sample", "Answer", "Scores of it alone"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", null, samples.map(sampleRow))));
}

function sampleRow(sample) {
  const { kind, words } = stateOf(sample.met);
  const state = sample.met !== null && el("small", { class: kind }, words);
  const scoreItem = ({ name, value, reason, error }) => el("li", { dir: "auto" }, bdi(name), " ",
    el("b", null, value === null ? "unscored" : number(value)), " ", reason || error);
  return el("tr", null, el("th", { scope: "row" }, String(sample.number), sample.is_draw && el("small", null, "extra"), state),
    el("td", null, sample.completion ? textBlock(sample.completion.text) : el("span", { class: "error tone" }, sample.error)),
    el("td", null, el("ul", { class: "parts" }, sample.scores.map(scoreItem))));
}

function tokens(usage) {
  const part = (count, what) => (count ? ` (${grouped(count)} ${what})` : "");
  return `${grouped(usage.prompt_tokens)} sent${part(usage.cached_tokens, "from a cache")}, `
    + `${grouped(usage.completion_tokens)} received${part(usage.reasoning_tokens, "of reasoning")}`;
}

function factSections(result) {
  const { case: golden, request, completion, cost_usd: cost } = result;
  const parameters = Object.entries({ ...request?.parameters, ...request?.parameters?.extra_body }).filter(([name, value]) => value !== null
    && name !== "extra_body" && !(Array.isArray(value) && !value.length));
  const usage = completion?.usage;
  return section("Details", facts([
    ["Golden file", `${golden.source.file}:${golden.source.line}`],
    ["Tags", golden.tags.join(", ")],
    ["Model", completion?.model || request?.model],
    ["System fingerprint", completion?.system_fingerprint],
    ["Endpoint", completion?.endpoint],
    ["Parameters", parameters.map(([name, value]) => `${name} ${plain(value)}`).join(", ")],
    ["Tokens", usage && tokens(usage)],
    ["Cost", completion?.cached ? `answer from the cache, judging ${usd(cost.judging)}` : `answer ${usd(cost.generation)}, judging ${usd(cost.judging)}`],
    ["Latency", completion?.latency_s ? seconds(completion.latency_s) : ""],
    ["Finish reason", completion?.finish_reason],
    ["Call", completion?.call && `${completion.call}${completion.made_at ? `, made ${completion.made_at}` : ""}`],
    ["Judge", result.judge_model],
    ["Took", `${seconds(result.duration_s)} on worker ${result.worker}`],
    ["Started", result.started_at],
    ["Test", result.nodeid],
    ...Object.entries(golden.metadata).map(([name, value]) => [`Column ${name}`, plain(value)]),
  ]));
}

/** Writes the command that reruns the case with the options of the run. */
const rerunCommand = (result) => ["pytest", quoted(result.nodeid), document.body.dataset.options].filter(Boolean).join(" ");
