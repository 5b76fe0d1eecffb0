/* What every chart is made of: a frame with a title and a description, a scale, marks that can be chosen. */

const WIDTH = 380;
const HEIGHT = 220;
const PLOT = { left: 44, right: 366, top: 14, bottom: 180 };
const ROUND = [1, 2, 5, 10];

let figureNumber = 0;

/** A figure with its heading. One of its marks is in the order of Tab; the arrow keys move to the others. */
function figure(title, description, marks, ...rest) {
  figureNumber += 1;
  const [name, told] = [`chart-${figureNumber}`, `chart-${figureNumber}-told`];
  const height = rest.find((each) => typeof each === "number") || HEIGHT;
  const node = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-labelledby": name, "aria-describedby": told, keydown: alongMarks },
    svg("title", null, title), svg("desc", null, description), rest.filter((each) => typeof each !== "number"), marks);
  node.querySelector("[role=button]")?.setAttribute("tabindex", 0);
  return el("figure", { class: "chart" }, el("figcaption", null, el("b", { id: name, dir: "auto" }, title),
    el("small", { id: told, dir: "auto" }, description)), node);
}

function alongMarks(event) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const marks = [...event.currentTarget.querySelectorAll("[role=button]")];
  const next = marks[marks.indexOf(document.activeElement) + steps[event.key]];
  if (!next) return;
  document.activeElement.setAttribute("tabindex", -1);
  next.setAttribute("tabindex", 0);
  next.focus();
  event.preventDefault();
}

/** A mark that says what it is, and does something when it is chosen. */
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

/** From values to places; a range of no width lies in the middle. */
function scale(low, high, start, end) {
  return (value) => (high === low ? (start + end) / 2 : start + ((value - low) / (high - low)) * (end - start));
}

/** Round numbers from low to high, some four of them. */
function ticks(low, high) {
  if (!(high > low)) return [low];
  const step = roundStep((high - low) / 5);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** A number where there is room for some seven characters. */
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

/** Smallest and largest; of many values, which `Math.max(...values)` could not take. */
function ends(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Bins that share out the values: one for each where there are few, else some twenty between round numbers. */
function binsOf(values, few = 12) {
  const known = [...new Set(values)].sort((one, other) => one - other);
  if (known.length <= few) return known.map((value) => ({ low: value, high: value }));
  const [low, high] = [known[0], known.at(-1)];
  const step = roundStep((high - low) / 20);
  const first = Math.floor(low / step);
  const edge = (place) => Number(((first + place) * step).toPrecision(12));
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, place) => ({ low: edge(place), high: edge(place + 1), isOpen: true }));
}

/** The smallest round number that is not below a width. */
function roundStep(width) {
  const power = 10 ** Math.floor(Math.log10(width));
  return power * ROUND.find((each) => each * power >= width * (1 - 1e-9));
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

/** Wilson's interval for a proportion at 95 % (Wilson, 1927). */
function wilson(hits, n) {
  const z = 1.959964;
  const [share, weight] = [hits / n, (z * z) / n];
  const middle = (share + weight / 2) / (1 + weight);
  const half = (z / (1 + weight)) * Math.sqrt((share * (1 - share)) / n + weight / (4 * n));
  return [Math.max(middle - half, 0), Math.min(middle + half, 1)];
}
