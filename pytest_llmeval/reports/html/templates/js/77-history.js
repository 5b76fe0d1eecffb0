/* The charts of several runs: how a figure went, and what quality cost. */

const DENSE = 60; // runs whose marks would run into each other

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
  const points = history.map((point, place) => ({ point, place, ...read(point) })).filter(({ estimate }) => typeof estimate === "number");
  if (points.length < 2) return null;
  const all = points.flatMap(({ estimate, low, high }) => [estimate, low ?? estimate, high ?? estimate]);
  const [low, high] = ends(all);
  const [x, y] = [scale(0, history.length - 1, PLOT.left + 14, PLOT.right - 14), scale(low, high, PLOT.bottom - 6, PLOT.top + 12)];
  const line = svg("polyline", { class: "line" });
  line.setAttribute("points", points.map(({ place, estimate }) => `${x(place)},${y(estimate)}`).join(" ")); // whole, however long
  const isDense = points.length > DENSE;
  const every = Math.ceil(points.length / 6);
  const marks = points.map((each, order) => {
    const { point, place, estimate } = each;
    const bounds = each.low === null ? "" : `, interval ${format(each.low)} to ${format(each.high)}`;
    const isNamed = order === points.length - 1 || (order % every === 0 && order < points.length - every / 2);
    return mark(`${runName(point)}, ${point.started_at.slice(0, 10)}: ${format(estimate)}${bounds}`, null,
      each.low !== null && svg("line", { class: `whisker${isDense ? " dense" : ""}`, x1: x(place), x2: x(place), y1: y(each.low), y2: y(each.high) }),
      svg("circle", { class: "now", cx: x(place), cy: y(estimate), r: isDense ? 2 : 4 }),
      isNamed && label(x(place), y(estimate) - 8, axis(estimate), { class: "value", "text-anchor": "middle" }));
  });
  const shown = points.filter((_, order) => order % every === 0).map(({ place }) => place);
  const range = `from ${format(points[0].estimate)} to ${format(points.at(-1).estimate)}`;
  return figure(`${name} over ${points.length} runs`, `${range}, with 95% intervals${note}`, marks,
    leftAxis(y, ticks(low, high), axis), bottomAxis(x, shown, (place) => day(history[place]), "run"), line);
}

function costs(history, { name, read, format }) {
  const points = history.filter((point) => point.cost.usd !== null && typeof read(point)?.estimate === "number");
  points.sort((one, other) => one.cost.usd - other.cost.usd);
  if (points.length < 2) return null;
  const [least, most] = ends(points.map((point) => point.cost.usd));
  const [low, high] = ends(points.map((point) => read(point).estimate));
  const [x, y] = [scale(least, most, PLOT.left + 14, PLOT.right - 14), scale(low, high, PLOT.bottom - 20, PLOT.top + 14)];
  const marks = points.map((point, place) => {
    const beside = place % 2 ? 17 : -9; // under and above by turns: two names have no room side by side
    const isLast = point === history.at(-1);
    return mark(`${runName(point)}: ${usd(point.cost.usd)}, ${format(read(point).estimate)}`, null,
      svg("circle", { class: `now${isLast ? " last" : ""}`, cx: x(point.cost.usd), cy: y(read(point).estimate), r: isLast ? 6 : 4 }),
      (isLast || points.length <= 6) && label(x(point.cost.usd), y(read(point).estimate) + beside, isLast ? "this run" : narrowed(runName(point), 18),
        { class: "value", "text-anchor": x(point.cost.usd) > WIDTH - 60 ? "end" : "middle" }));
  });
  return figure(`${name} against cost`, `${counted(points.length, "run")}; up is better, left is cheaper`, marks,
    leftAxis(y, ticks(low, high), format), bottomAxis(x, ticks(least, most), usd, "cost of a run"));
}
