/* The charts of several runs: the course of a figure, and quality against cost. */

const DENSE = 60; // runs; above this number, marks are small

function historyCharts(store, name) {
  const { history } = store;
  if (history.length < 2) return [];
  const rate = { name: "Pass rate", read: (point) => point.pass_rate, format: percent, axis: percent };
  const metricOf = (point) => point.metrics.find((metric) => metric.name === name);
  const judges = new Set(history.map(metricOf).flatMap((metric) => (metric?.is_judged ? metric.versions : [])));
  const note = judges.size > 1 ? `; ${judges.size} judges, whose scores cannot be compared` : "";
  const score = { name: `Mean ${name}`, read: (point) => metricOf(point)?.mean, format: average, axis: tick, note };
  return [trend(history, rate), name ? trend(history, score) : null, costs(history, rate)];
}

const runName = (point) => point.name || point.id;

const day = (point) => point.started_at.slice(5, 10);

function trend(history, { name, read, format, axis, note = "" }) {
  const points = history.map((point, index) => ({ point, index, ...read(point) })).filter(({ estimate }) => typeof estimate === "number");
  if (points.length < 2) return null;
  const all = points.flatMap(({ estimate, low, high }) => [estimate, low ?? estimate, high ?? estimate]);
  const [low, high] = ends(all);
  const [x, y] = [scale(0, history.length - 1, PLOT.left + 14, PLOT.right - 14), scale(low, high, PLOT.bottom - 6, PLOT.top + 12)];
  const line = svg("polyline", { class: "line" });
  line.setAttribute("points", points.map(({ index, estimate }) => `${x(index)},${y(estimate)}`).join(" ")); // `svg` would clip it
  const isDense = points.length > DENSE;
  const every = Math.ceil(points.length / 6);
  const marks = points.map(({ point, index, estimate, low: lower, high: upper }, order) => {
    const bounds = lower === null ? "" : `, interval ${format(lower)} to ${format(upper)}`;
    const isNamed = order === points.length - 1 || (order % every === 0 && order < points.length - every / 2);
    return mark(`${runName(point)}, ${point.started_at.slice(0, 10)}: ${format(estimate)}${bounds}`, null,
      lower !== null && svg("line", { class: `whisker${isDense ? " dense" : ""}`, x1: x(index), x2: x(index), y1: y(lower), y2: y(upper) }),
      svg("circle", { class: "now", cx: x(index), cy: y(estimate), r: isDense ? 2 : 4 }),
      isNamed && label(x(index), y(estimate) - 8, axis(estimate), { class: "value", "text-anchor": "middle" }));
  });
  const shown = points.filter((_, order) => order % every === 0).map(({ index }) => index);
  const range = `from ${format(points[0].estimate)} to ${format(points.at(-1).estimate)}`;
  return figure(`${name} over ${points.length} runs`, `${range}, with 95% intervals${note}`, marks,
    leftAxis(y, ticks(low, high), axis), bottomAxis(x, shown, (index) => day(history[index]), "run"), line);
}

function costs(history, { name, read, format }) {
  const points = history.filter((point) => point.cost.usd !== null && typeof read(point)?.estimate === "number");
  points.sort((a, b) => a.cost.usd - b.cost.usd);
  if (points.length < 2) return null;
  const [minCost, maxCost] = ends(points.map((point) => point.cost.usd));
  const [low, high] = ends(points.map((point) => read(point).estimate));
  const [x, y] = [scale(minCost, maxCost, PLOT.left + 14, PLOT.right - 14), scale(low, high, PLOT.bottom - 20, PLOT.top + 14)];
  const marks = points.map((point, index) => {
    const shift = index % 2 ? 17 : -9; // alternately below and above, so that names do not overlap
    const isLast = point === history.at(-1);
    return mark(`${runName(point)}: ${usd(point.cost.usd)}, ${format(read(point).estimate)}`, null,
      svg("circle", { class: `now${isLast ? " last" : ""}`, cx: x(point.cost.usd), cy: y(read(point).estimate), r: isLast ? 6 : 4 }),
      (isLast || points.length <= 6) && label(x(point.cost.usd), y(read(point).estimate) + shift, isLast ? "this run" : narrowed(runName(point), 18),
        { class: "value", "text-anchor": x(point.cost.usd) > WIDTH - 60 ? "end" : "middle" }));
  });
  return figure(`${name} against cost`, `${counted(points.length, "run")}; up is better, left is cheaper`, marks,
    leftAxis(y, ticks(low, high), format), bottomAxis(x, ticks(minCost, maxCost), usd, "cost of a run"));
}
