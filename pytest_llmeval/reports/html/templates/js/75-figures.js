/* The elements of every chart: a frame with title and description, scales, axes, and marks that can be selected. */

const WIDTH = 380;
const HEIGHT = 220;
const PLOT = { left: 44, right: 366, top: 14, bottom: 180 };
const ROUND = [1, 2, 5, 10];

let figureNumber = 0;

/** Makes a figure with its heading. Tab reaches one of its marks, and the arrow keys the next ones. */
function figure(title, description, marks, ...rest) {
  figureNumber += 1;
  const [titleId, descriptionId] = [`chart-${figureNumber}`, `chart-${figureNumber}-description`];
  const height = rest.find((part) => typeof part === "number") || HEIGHT;
  const node = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-labelledby": titleId, "aria-describedby": descriptionId, keydown: stepMarks },
    svg("title", null, title), svg("desc", null, description), rest.filter((part) => typeof part !== "number"), marks);
  node.querySelector("[role=button]")?.setAttribute("tabindex", 0);
  return el("figure", { class: "chart" }, el("figcaption", null, el("b", { id: titleId, dir: "auto" }, title),
    el("small", { id: descriptionId, dir: "auto" }, description)), node);
}

function stepMarks(event) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const marks = [...event.currentTarget.querySelectorAll("[role=button]")];
  const next = marks[marks.indexOf(document.activeElement) + steps[event.key]];
  if (!next) return;
  document.activeElement.setAttribute("tabindex", -1);
  next.setAttribute("tabindex", 0);
  next.focus();
  event.preventDefault();
}

/** Makes a mark with a title. A mark with an action is a button. */
function mark(title, action, ...shapes) {
  if (!action) return svg("g", { class: "mark" }, svg("title", null, title), shapes);
  const key = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  return svg("g", { class: "mark", role: "button", tabindex: -1, "aria-label": title, click: action, keydown: key }, svg("title", null, title), shapes);
}

/** Makes a function from values to positions. A range without width maps to the middle. */
function scale(low, high, start, end) {
  return (value) => (high === low ? (start + end) / 2 : start + ((value - low) / (high - low)) * (end - start));
}

/** Returns about four round numbers from low to high. */
function ticks(low, high) {
  if (!(high > low)) return [low];
  const step = roundStep((high - low) / 5);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Writes a number in about seven characters. */
function tick(value) {
  const size = Math.abs(value);
  if (size >= 10000) return value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 });
  return value !== 0 && size < 0.0001 ? value.toExponential() : number(value);
}

const label = (x, y, text, properties) => svg("text", { x, y, ...properties }, text);

function bottomAxis(x, values, format, title) {
  return [
    svg("line", { class: "axis", x1: PLOT.left, x2: PLOT.right, y1: PLOT.bottom, y2: PLOT.bottom }),
    values.map((value) => label(x(value), PLOT.bottom + 14, format(value), { class: "tick", "text-anchor": "middle" })),
    label((PLOT.left + PLOT.right) / 2, PLOT.bottom + 32, title, { class: "tick", "text-anchor": "middle" }),
  ];
}

function leftAxis(y, values, format) {
  return values.map((value) => [
    svg("line", { class: "grid-line", x1: PLOT.left, x2: PLOT.right, y1: y(value), y2: y(value) }),
    label(PLOT.left - 6, y(value) + 4, format(value), { class: "tick", "text-anchor": "end" }),
  ]);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Returns the smallest and the largest value. `Math.max(...values)` fails for very many. */
function ends(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Makes bins for values: one per distinct value if there are few, else about twenty between round numbers. */
function binsOf(values, few = 12) {
  const known = [...new Set(values)].sort((a, b) => a - b);
  if (known.length <= few) return known.map((value) => ({ low: value, high: value }));
  const [low, high] = [known[0], known.at(-1)];
  const step = roundStep((high - low) / 20);
  const first = Math.floor(low / step);
  const edge = (index) => Number(((first + index) * step).toPrecision(12));
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => ({ low: edge(index), high: edge(index + 1), isOpen: true }));
}

/** Returns the smallest round number that is at least `width`. */
function roundStep(width) {
  const power = 10 ** Math.floor(Math.log10(width));
  return power * ROUND.find((factor) => factor * power >= width * (1 - 1e-9));
}

function countIn(bins, values) {
  const counts = bins.map(() => 0);
  for (const value of values) {
    let [from, to] = [0, bins.length - 1];
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if (bins[middle].low <= value) from = middle;
      else to = middle - 1;
    }
    counts[from] += 1;
  }
  return counts;
}

/** Returns the exact 95% interval of a proportion (Clopper and Pearson, 1934). */
function proportionInterval(hits, n) {
  return [hits ? lowest(hits, n) : 0, hits < n ? 1 - lowest(n - hits, n) : 1];
}

/** Returns the proportion at which so many hits or more have a probability of 2.5%. */
function lowest(hits, n) {
  let ways = 0;
  for (let drawn = 1; drawn <= hits; drawn += 1) ways += Math.log((n - hits + drawn) / drawn);
  let [from, to] = [0, hits / n];
  while (to - from > 1e-6) {
    const middle = (from + to) / 2;
    if (atLeast(hits, n, middle, ways) < 0.025) from = middle;
    else to = middle;
  }
  return to;
}

function atLeast(hits, n, share, ways) {
  let term = Math.exp(ways + hits * Math.log(share) + (n - hits) * Math.log(1 - share));
  let sum = 0;
  for (let drawn = hits; drawn <= n && term > sum * 1e-9; drawn += 1) {
    sum += term;
    term *= ((n - drawn) / (drawn + 1)) * (share / (1 - share));
  }
  return sum;
}
