/* The charts of a run. A selected mark filters the table for its cases. */

const MAX_TAGS = 12;
const MAX_BAR_WIDTH = 40;
const MAX_POINTS = 400;

function chartsPart(view, drawer, goToTable) {
  const { store } = view;
  const container = document.getElementById("charts");
  const grid = el("div", { class: "charts" });
  const narrow = (change) => () => {
    view.clear();
    change();
    view.refresh();
    goToTable();
  };
  const select = el("select", { change: () => fill() }, store.metrics.map((name) => el("option", { value: name }, short(name, 60))));
  const fill = () => {
    grid.replaceChildren(...[
      ...(select.value ? [histogram(view, select.value, narrow), scatter(view, select.value, narrow, drawer)] : []),
      passByTag(view, narrow), latencies(view, narrow), ...historyCharts(store, select.value),
    ].filter(Boolean));
    container.hidden = store.metrics.length < 2 && !grid.children.length;
  };
  let shown = null;
  view.listeners.push(() => {
    if (shown === store.baseline) return;
    shown = store.baseline;
    fill();
  });
  if (store.metrics.length > 1) container.append(el("label", { class: "field" }, el("span", null, "Score"), select));
  container.append(grid);
}

const numbers = (rows, read) => rows.map(read).filter((value) => typeof value === "number");

function histogram(view, name, narrow) {
  const { store } = view;
  const now = numbers(store.rows, (row) => row.scores[name]);
  if (!now.length) return null;
  const before = numbers(store.rows, (row) => store.before(row)?.scores[name]);
  const bins = binsOf([...now, ...before]);
  const [counts, olds] = [countIn(bins, now), countIn(bins, before)];
  const outline = before.length ? `; in outline, ${store.baseline}: mean ${average(mean(before))}` : "";
  const description = `${grouped(now.length)} scored, mean ${average(mean(now))}${outline}`;
  return figure(`${name}: how many cases`, description, bars(bins, counts, olds, (bin, count, old) => ({
    title: `${rangeText(`score:${name}`, bin)}: ${counted(count, "case")}${before.length ? `, ${grouped(old)} before` : ""}`,
    action: narrow(() => view.ranges.set(`score:${name}`, bin)),
  })), axesOf(bins, counts, olds, name));
}

const isDistinct = (bins) => !bins.some((bin) => bin.isOpen);

const acrossBins = (bins) => scale(0, bins.length, PLOT.left, PLOT.right);

function axesOf(bins, counts, olds, title) {
  const x = acrossBins(bins);
  const top = Math.max(...counts, ...olds, 1);
  const shown = bins.map((_, index) => index).filter((index) => index % Math.ceil(bins.length / 7) === 0);
  const axis = bottomAxis((index) => x(isDistinct(bins) ? index + 0.5 : index), shown, (index) => tick(bins[index].low), short(title, 50));
  return [leftAxis(scale(0, top, PLOT.bottom, PLOT.top), ticks(0, top).filter(Number.isInteger), tick), axis];
}

/** Makes bars with their counts, in front of the outlines of the baseline's bars. `describe` returns title and action of a bar. */
function bars(bins, counts, olds, describe) {
  const x = acrossBins(bins);
  const y = scale(0, Math.max(...counts, ...olds, 1), PLOT.bottom, PLOT.top);
  return bins.map((bin, index) => {
    const { title, action } = describe(bin, counts[index], olds[index]);
    const room = Math.max(x(index + 1) - x(index) - 2, 1);
    const width = Math.min(room, MAX_BAR_WIDTH);
    const left = (x(index) + x(index + 1) - width) / 2;
    const box = (value, kind, inset) => svg("rect", { class: kind, x: left + inset, y: y(value), width: Math.max(width - 2 * inset, 1),
      height: PLOT.bottom - y(value) });
    const count = counts[index] > 0 && bins.length <= 22 && label(left + width / 2, Math.min(y(counts[index]) - 3, PLOT.bottom - 3),
      tick(counts[index]), { class: "value", "text-anchor": "middle" });
    const hit = svg("rect", { class: "hit", x: left, y: PLOT.top, width, height: PLOT.bottom - PLOT.top });
    return mark(title, action, hit, olds[index] > 0 && box(olds[index], "before", 0), box(counts[index], "now", olds.some(Boolean) ? width * 0.18 : 0), count);
  });
}

function scatter(view, name, narrow, drawer) {
  const { store } = view;
  const pairs = store.rows.filter((row) => typeof row.scores[name] === "number" && typeof store.before(row)?.scores[name] === "number");
  if (!pairs.length) return null;
  const [now, before] = [(row) => row.scores[name], (row) => store.before(row).scores[name]];
  const [low, high] = ends([...pairs.map(now), ...pairs.map(before)]);
  const [x, y] = [scale(low, high, PLOT.left + 8, PLOT.right - 8), scale(low, high, PLOT.bottom - 8, PLOT.top + 8)];
  const points = pointsOf(pairs, before, now, low, high);
  const largest = Math.max(...points.map((point) => point.rows.length));
  const better = store.scales.get(name).higher_is_better ? 1 : -1;
  const marks = points.map(({ rows }) => {
    const [oldEnds, newEnds] = [ends(rows.map(before)), ends(rows.map(now))];
    const [oldScore, newScore] = [(oldEnds[0] + oldEnds[1]) / 2, (newEnds[0] + newEnds[1]) / 2];
    const subject = rows.length === 1 ? rows[0].id : counted(rows.length, "case");
    const title = `${subject}: ${number(oldScore)} before, ${number(newScore)} now`;
    const action = rows.length === 1 ? () => drawer.show(rows[0]) : narrow(() => {
      view.ranges.set(`before:${name}`, { low: oldEnds[0], high: oldEnds[1] });
      view.ranges.set(`score:${name}`, { low: newEnds[0], high: newEnds[1] });
    });
    return mark(title, action, svg("circle", { class: `point ${toneOfMove((newScore - oldScore) * better)}`, cx: x(oldScore), cy: y(newScore),
      r: 3 + 8 * Math.sqrt((rows.length - 1) / Math.max(largest, 12)) }));
  });
  const line = svg("line", { class: "axis even", x1: x(low), y1: y(low), x2: x(high), y2: y(high) });
  const moved = pairs.filter((row) => now(row) !== before(row));
  const up = moved.filter((row) => now(row) > before(row)).length;
  const [down, still] = [moved.length - up, pairs.length - moved.length];
  const description = `${grouped(up)} higher now (above the line), ${grouped(down)} lower (below it), ${grouped(still)} unchanged (on it)`;
  return figure(`${name}: before and now`, description, marks, leftAxis(y, ticks(low, high), tick),
    bottomAxis(x, ticks(low, high), tick, `before (${short(store.baseline, 30)}); now upwards`), line);
}

function toneOfMove(gain) {
  if (gain === 0) return "even";
  return gain > 0 ? "passed" : "failed";
}

/** Groups cases by their two values, or by squares of a grid if that gives too many points. */
function pointsOf(rows, before, now, low, high) {
  const grouping = (key) => {
    const points = new Map();
    for (const row of rows) {
      const name = key(row);
      if (!points.has(name)) points.set(name, { rows: [] });
      points.get(name).rows.push(row);
    }
    return [...points.values()];
  };
  const exact = grouping((row) => `${before(row)} ${now(row)}`);
  const square = (value) => Math.floor((19.999 * (value - low)) / (high - low));
  return exact.length <= MAX_POINTS ? exact : grouping((row) => `${square(before(row))} ${square(now(row))}`);
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|\p{Extended_Pictographic}/gu;

/** Shortens a text to a width in characters. East Asian characters and pictures count as two. */
const narrowed = (text, width) => short(text, width - Math.ceil((text.slice(0, width).match(WIDE) || []).length / 2));

function passByTag(view, narrow) {
  const counts = new Map();
  for (const { tags, outcome } of view.store.rows) {
    const { passes } = OUTCOMES[outcome];
    if (passes === null) continue;
    for (const tag of tags) {
      const [hits, n] = counts.get(tag) || [0, 0];
      counts.set(tag, [hits + passes, n + 1]);
    }
  }
  if (!counts.size) return null;
  const rates = [...counts].map(([tag, [hits, n]]) => ({ tag, hits, n, rate: hits / n, ends: proportionInterval(hits, n) }));
  rates.sort((a, b) => a.rate - b.rate || b.n - a.n);
  const shown = rates.slice(0, MAX_TAGS);
  const x = scale(0, 1, 120, 290);
  const marks = shown.map(({ tag, hits, n, rate, ends: [low, high] }, index) => {
    const y = 24 + index * 18;
    return mark(`${tag}: ${percent(rate)} passed, ${hits} of ${n}, interval ${percent(low)} to ${percent(high)}`, narrow(() => { view.tag = tag; }),
      svg("rect", { class: "hit", x: 0, y: y - 9, width: WIDTH, height: 18 }),
      label(112, y + 4, narrowed(tag, 17), { class: "name", "text-anchor": "end" }),
      svg("line", { class: "whisker", x1: x(low), x2: x(high), y1: y, y2: y }),
      svg("circle", { class: "now", cx: x(rate), cy: y, r: 4 }),
      label(WIDTH - 6, y + 4, `${percent(rate)} of ${grouped(n)}`, { class: "value", "text-anchor": "end" }));
  });
  const bottom = 24 + shown.length * 18;
  const axis = [0, 0.5, 1].map((share) => [svg("line", { class: "grid-line", x1: x(share), x2: x(share), y1: 12, y2: bottom - 6 }),
    label(x(share), bottom + 8, `${100 * share}%`, { class: "tick", "text-anchor": "middle" })]);
  const rest = rates.length - shown.length;
  const more = rest ? `; ${counted(rest, "tag")} with higher rates left out` : "";
  return figure("Pass rate by tag", `with exact 95% intervals, the lowest first${more}`, marks, axis, bottom + 16);
}

function latencies(view, narrow) {
  const values = numbers(view.store.rows, (row) => row.latency);
  if (!values.length) return null;
  const { latency_p50_s: median, latency_p95_s: late } = view.store.summary;
  const bins = binsOf(values, 1);
  const counts = countIn(bins, values);
  return figure("How long an answer takes", `median ${seconds(median)}, 95th percentile ${seconds(late)}; answers from the cache left out`,
    bars(bins, counts, counts.map(() => 0), (bin, count) => ({
    title: `${rangeText("latency", bin)} s: ${counted(count, "case")}`,
    action: narrow(() => view.ranges.set("latency", bin)),
  })), axesOf(bins, counts, [0], "seconds"));
}
