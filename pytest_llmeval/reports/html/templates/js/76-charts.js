/* The charts of a run. Choosing a mark narrows the table to the cases behind it. */

const MOST_TAGS = 12;
const WIDEST = 40; // bar
const MOST_POINTS = 400;

function chartsPart(view, drawer, goToTable) {
  const { store } = view;
  const home = document.getElementById("charts");
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
    home.hidden = store.metrics.length < 2 && !grid.children.length;
  };
  let shown = null;
  view.listeners.push(() => {
    if (shown === store.baseline) return;
    shown = store.baseline;
    fill();
  });
  if (store.metrics.length > 1) home.append(el("label", { class: "field" }, el("span", null, "Score"), select));
  home.append(grid);
}

const numbers = (rows, read) => rows.map(read).filter((value) => typeof value === "number");

function histogram(view, name, narrow) {
  const { store } = view;
  const now = numbers(store.rows, (row) => row.scores[name]);
  if (!now.length) return null;
  const then = numbers(store.rows, (row) => store.before(row)?.scores[name]);
  const bins = binsOf([...now, ...then]);
  const [counts, olds] = [countIn(bins, now), countIn(bins, then)];
  const outline = then.length ? `; in outline, ${store.baseline}: mean ${average(mean(then))}` : "";
  const told = `${grouped(now.length)} scored, mean ${average(mean(now))}${outline}`;
  return figure(`${name}: how many cases`, told, bars(bins, counts, olds, (bin, count, old) => ({
    title: `${rangeText(`score:${name}`, bin)}: ${counted(count, "case")}${then.length ? `, ${grouped(old)} before` : ""}`,
    action: narrow(() => view.ranges.set(`score:${name}`, bin)),
  })), axesOf(bins, counts, olds, name));
}

const isDistinct = (bins) => !bins.some((bin) => bin.isOpen);

const acrossBins = (bins) => scale(0, bins.length, PLOT.left, PLOT.right);

function axesOf(bins, counts, olds, title) {
  const x = acrossBins(bins);
  const top = Math.max(...counts, ...olds, 1);
  const shown = bins.map((_, place) => place).filter((place) => place % Math.ceil(bins.length / 7) === 0);
  const axis = bottomAxis((place) => x(isDistinct(bins) ? place + 0.5 : place), shown, (place) => tick(bins[place].low), short(title, 50));
  return [leftAxis(scale(0, top, PLOT.bottom, PLOT.top), ticks(0, top).filter(Number.isInteger), tick), axis];
}

/** Bars with their counts; those of the baseline behind them, in outline. */
function bars(bins, counts, olds, told) {
  const x = acrossBins(bins);
  const y = scale(0, Math.max(...counts, ...olds, 1), PLOT.bottom, PLOT.top);
  return bins.map((bin, place) => {
    const { title, action } = told(bin, counts[place], olds[place]);
    const room = Math.max(x(place + 1) - x(place) - 2, 1);
    const width = Math.min(room, WIDEST);
    const left = (x(place) + x(place + 1) - width) / 2;
    const box = (value, kind, inset) => svg("rect", { class: kind, x: left + inset, y: y(value), width: Math.max(width - 2 * inset, 1),
      height: PLOT.bottom - y(value) });
    const count = counts[place] > 0 && bins.length <= 22 && label(left + width / 2, Math.min(y(counts[place]) - 3, PLOT.bottom - 3),
      tick(counts[place]), { class: "value", "text-anchor": "middle" });
    const hit = svg("rect", { class: "hit", x: left, y: PLOT.top, width, height: PLOT.bottom - PLOT.top });
    return mark(title, action, hit, olds[place] > 0 && box(olds[place], "then", 0), box(counts[place], "now", olds.some(Boolean) ? width * 0.18 : 0), count);
  });
}

function scatter(view, name, narrow, drawer) {
  const { store } = view;
  const pairs = store.rows.filter((row) => typeof row.scores[name] === "number" && typeof store.before(row)?.scores[name] === "number");
  if (!pairs.length) return null;
  const [now, then] = [(row) => row.scores[name], (row) => store.before(row).scores[name]];
  const [low, high] = ends([...pairs.map(now), ...pairs.map(then)]);
  const [x, y] = [scale(low, high, PLOT.left + 8, PLOT.right - 8), scale(low, high, PLOT.bottom - 8, PLOT.top + 8)];
  const points = pointsOf(pairs, then, now, low, high);
  const most = Math.max(...points.map((point) => point.rows.length));
  const better = store.scales.get(name).higher_is_better ? 1 : -1;
  const marks = points.map(({ rows }) => {
    const [before, after] = [ends(rows.map(then)), ends(rows.map(now))];
    const [one, other] = [(before[0] + before[1]) / 2, (after[0] + after[1]) / 2];
    const kind = one === other ? "even" : (other - one) * better > 0 ? "passed" : "failed";
    const title = rows.length === 1 ? `${rows[0].id}: ${number(one)} before, ${number(other)} now`
      : `${counted(rows.length, "case")}: ${number(one)} before, ${number(other)} now`;
    const action = rows.length === 1 ? () => drawer.show(rows[0]) : narrow(() => {
      view.ranges.set(`before:${name}`, { low: before[0], high: before[1] });
      view.ranges.set(`score:${name}`, { low: after[0], high: after[1] });
    });
    return mark(title, action, svg("circle", { class: `point ${kind}`, cx: x(one), cy: y(other),
      r: 3 + 8 * Math.sqrt((rows.length - 1) / Math.max(most, 12)) }));
  });
  const line = svg("line", { class: "axis even", x1: x(low), y1: y(low), x2: x(high), y2: y(high) });
  const moved = pairs.filter((row) => now(row) !== then(row));
  const up = moved.filter((row) => now(row) > then(row)).length;
  const [down, still] = [moved.length - up, pairs.length - moved.length];
  const told = `${grouped(up)} higher now (above the line), ${grouped(down)} lower (below it), ${grouped(still)} unchanged (on it)`;
  return figure(`${name}: before and now`, told, marks, leftAxis(y, ticks(low, high), tick),
    bottomAxis(x, ticks(low, high), tick, `before (${short(store.baseline, 30)}); now upwards`), line);
}

/** Cases with the same two values as one point; where these are many, those in one square of a grid. */
function pointsOf(rows, then, now, low, high) {
  const grouping = (key) => {
    const points = new Map();
    for (const row of rows) {
      const name = key(row);
      if (!points.has(name)) points.set(name, { rows: [] });
      points.get(name).rows.push(row);
    }
    return [...points.values()];
  };
  const exact = grouping((row) => `${then(row)} ${now(row)}`);
  const square = (value) => Math.floor((19.999 * (value - low)) / (high - low));
  return exact.length <= MOST_POINTS ? exact : grouping((row) => `${square(then(row))} ${square(now(row))}`);
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|\p{Extended_Pictographic}/gu;

/** The text in the room of so many characters; those of East Asia, and pictures, take two. */
const narrowed = (text, room) => short(text, room - Math.ceil((text.slice(0, room).match(WIDE) || []).length / 2));

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
  const rates = [...counts].map(([tag, [hits, n]]) => ({ tag, hits, n, rate: hits / n, ends: wilson(hits, n) }));
  rates.sort((one, other) => one.rate - other.rate || other.n - one.n);
  const shown = rates.slice(0, MOST_TAGS);
  const x = scale(0, 1, 120, 290);
  const marks = shown.map(({ tag, hits, n, rate, ends: [low, high] }, place) => {
    const y = 24 + place * 18;
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
  return figure("Pass rate by tag", `with 95% intervals (Wilson), the lowest first${more}`, marks, axis, bottom + 16);
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
