/* The state of the table: filters, order and open case. It is part of the page's address, so a link restores it. */

const VOCABULARY = JSON.parse(document.getElementById("vocabulary").textContent);
const OUTCOMES = bare(Object.fromEntries(VOCABULARY.outcomes.map((row, rank) => [row.name, { ...row, rank }])));
const CHANGES = bare(Object.fromEntries(VOCABULARY.changes.map((row, rank) => [row.name, { ...row, rank }])));
const ORDER = Object.keys(CHANGES);

/** Returns the tone of an outcome. A baseline may hold an unknown outcome. */
const toneOf = (outcome) => OUTCOMES[outcome]?.tone || "neutral";

/** Filters and order of the rows of a store. Every change calls the listeners. */
class View {
  constructor(store, labels) {
    this.store = store;
    this.labels = labels;
    this.listeners = [];
    this.clear();
    this.sort = "";
    this.open = "";
  }

  clear() {
    Object.assign(this, { query: "", outcomes: new Set(), tag: "", change: "", label: "", unscored: false, ranges: new Map() });
  }

  get isNarrow() {
    return Boolean(this.query || this.outcomes.size || this.tag || this.change || this.label || this.unscored || this.ranges.size);
  }

  /** Changes members, and shows the rows that result. */
  set(changes) {
    Object.assign(this, changes);
    this.refresh();
  }

  range(field, range) {
    if (range) this.ranges.set(field, range);
    else this.ranges.delete(field);
    this.refresh();
  }

  refresh() {
    this.rows = this.sorted(this.store.rows.filter(this.test()));
    this.listeners.forEach((listener) => listener());
    this.write();
  }

  test() {
    const words = searchable(this.query).split(/\s+/).filter(Boolean);
    const ranges = [...this.ranges].map(([field, range]) => [this.reader(field), range]);
    const { store, outcomes, tag, change, label, unscored } = this;
    return (row) =>
      (!outcomes.size || outcomes.has(row.outcome)) &&
      (!tag || row.tags.includes(tag)) &&
      (!change || isChange(store.change(row), change)) &&
      (!label || (this.labels.of(row)?.label || "none") === label) &&
      (!unscored || Object.values(row.scores).includes(false)) &&
      ranges.every(([read, range]) => within(read(row), range)) &&
      words.every((word) => row.text.includes(word) || store.texts[row.index]?.includes(word));
  }

  /** Returns a function that reads a field of a row: `score:NAME`, `before:NAME`, or a column of the index. */
  reader(field) {
    const name = field.slice(field.indexOf(":") + 1);
    if (field.startsWith("score:")) return (row) => row.scores[name];
    if (field.startsWith("before:")) return (row) => this.store.before(row)?.scores[name];
    return bare({
      outcome: (row) => OUTCOMES[row.outcome].rank,
      change: (row) => ORDER.indexOf(this.store.change(row)),
      tags: (row) => row.tags.join(", ").toLowerCase(),
      id: (row) => row.id.toLowerCase(),
      label: (row) => this.labels.of(row)?.label,
    })[field] || ((row) => row[field]);
  }

  /** Sorts rows by the selected field, by default by outcome. Rows without a value come last. */
  sorted(rows) {
    const [field, sign] = this.sort.startsWith("-") ? [this.sort.slice(1), -1] : [this.sort || "outcome", 1];
    const read = this.reader(field);
    const keys = new Map(rows.map((row) => [row, read(row)]));
    const isNone = (key) => key === undefined || key === null || key === false || key === "";
    return rows.sort((left, right) => {
      const [a, b] = [keys.get(left), keys.get(right)];
      const inOrder = left.index - right.index;
      if (isNone(a) || isNone(b)) return isNone(a) - isNone(b) || inOrder;
      if (a < b) return -sign;
      return a > b ? sign : inOrder;
    });
  }

  /** Filters and order as parameters of the address. */
  get state() {
    const address = new URLSearchParams();
    const pairs = { q: this.query, outcome: [...this.outcomes].join(","), tag: this.tag, change: this.change, label: this.label,
      unscored: this.unscored ? "1" : "" };
    const more = { sort: this.sort, baseline: this.store.baseline === (this.store.baselines[0] || "") ? "" : this.store.baseline };
    for (const [name, value] of Object.entries({ ...pairs, ...more })) if (value) address.set(name, value);
    for (const [field, range] of this.ranges) address.append("range", `${field},${range.low ?? ""},${range.isOpen ? "<" : ""}${range.high ?? ""}`);
    return address;
  }

  write() {
    const address = this.state;
    if (this.open) address.set("case", this.open);
    try {
      history.replaceState(null, "", `#${address}`);
    } catch {
      // some frames have no address
    }
  }

  read() {
    const hash = location.hash.slice(1);
    const address = new URLSearchParams(hash.startsWith("case-") ? `case=${hash}` : hash);
    const text = (name) => address.get(name) || "";
    this.clear();
    const outcomes = text("outcome").split(",").filter((outcome) => outcome in OUTCOMES);
    Object.assign(this, { query: text("q"), outcomes: new Set(outcomes), tag: text("tag"), label: text("label"), unscored: Boolean(text("unscored")) });
    Object.assign(this, { change: text("change"), sort: text("sort"), open: text("case") });
    this.store.compareWith(text("baseline"));
    for (const range of address.getAll("range")) {
      const [, field, low, sign, high] = range.match(/^(.+),([^,]*),(<?)([^,]*)$/) || [];
      if (field) this.ranges.set(field, { low: bound(low), high: bound(high), isOpen: sign === "<" });
    }
    this.refresh();
  }
}

const bound = (text) => (text === "" || Number.isNaN(Number(text)) ? null : Number(text));

function within(value, { low, high, isOpen }) {
  if (typeof value !== "number") return false;
  return (low === null || value >= low) && (high === null || (isOpen ? value < high : value <= high));
}

function isChange(change, filter) {
  if (filter === "changed") return change !== "same" && change !== "new";
  return filter === "flips" ? CHANGES[change].is_flip : change === filter;
}

function rangeText(field, { low, high, isOpen }) {
  const name = fieldName(field);
  if (low !== null && low === high) return `${name} = ${number(low)}`;
  return [low !== null && `${number(low)} ≤`, name, high !== null && `${isOpen ? "<" : "≤"} ${number(high)}`].filter(Boolean).join(" ");
}

function fieldName(field) {
  if (field.startsWith("score:")) return field.slice(6);
  if (field.startsWith("before:")) return `${field.slice(7)} before`;
  return bare({ outcome: "Outcome", id: "Case", change: "Change", tags: "Tags", cost: "Cost", latency: "Latency", took: "Took",
    label: "Label" })[field] || field;
}
