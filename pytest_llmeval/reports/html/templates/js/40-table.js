/* The table of all cases. Only the rows in sight exist. They stick to the frame while it scrolls, so it is never blank. */

/** A grid over the rows of a view. `onOpen` is called with the row that the reader opens. */
class Table {
  constructor(view, labels, onOpen) {
    this.view = view;
    this.onOpen = onOpen;
    this.columns = columnsOf(view, labels);
    this.active = 0;
    this.pool = [];
    this.build();
    view.listeners.push(() => this.show());
    new ResizeObserver(() => this.fit()).observe(this.node);
  }

  build() {
    const headers = this.columns.map((column, place) => this.header(column, place));
    this.head = el("div", { role: "row", class: "grid-row grid-head", "aria-rowindex": 1 }, headers);
    this.window = el("div", { class: "window", role: "presentation" });
    this.body = el("div", { role: "rowgroup", class: "grid-body" }, this.window);
    this.node = el("div", {
      role: "grid", class: "grid", tabindex: 0, "aria-label": "Cases", "aria-colcount": this.columns.length,
      scroll: () => this.draw(), keydown: (event) => this.key(event),
    }, el("div", { role: "rowgroup", class: "grid-top" }, this.head), this.body);
    this.node.style.setProperty("--columns", this.columns.map((column) => column.width).join(" "));
  }

  header(column, place) {
    const sort = button(column.name, () => this.sortBy(column), { class: "sort", title: `Sort by ${column.name}` });
    return el("div", { role: "columnheader", class: column.kind, "aria-colindex": place + 1 }, sort);
  }

  sortBy({ field }) {
    const { sort } = this.view;
    this.view.set({ sort: sort === field ? `-${field}` : sort === `-${field}` ? "" : field });
  }

  /** Show the rows of the view anew; other filters or another order from the top. */
  show() {
    const { rows, sort } = this.view;
    this.columns.forEach(({ field }, place) => {
      const order = sort === field ? "ascending" : sort === `-${field}` ? "descending" : null;
      const cell = this.head.children[place];
      if (order) cell.setAttribute("aria-sort", order);
      else cell.removeAttribute("aria-sort");
    });
    this.node.setAttribute("aria-rowcount", rows.length + 1);
    const state = String(this.view.state);
    if (state !== this.state) [this.state, this.active, this.node.scrollTop] = [state, 0, 0];
    this.active = Math.min(this.active, Math.max(rows.length - 1, 0));
    this.fit();
  }

  /** Make as many rows as the frame holds. */
  fit() {
    this.height = this.head.getBoundingClientRect().height && parseFloat(getComputedStyle(this.body).getPropertyValue("--row-rem")) * rem();
    if (!this.height) return;
    const total = this.view.rows.length * this.height;
    this.body.style.height = `${total}px`;
    const room = Math.max(this.node.clientHeight - this.head.offsetHeight, 0);
    this.window.style.height = `${Math.min(room, total)}px`;
    const needed = Math.min(Math.ceil(room / this.height) + 1, this.view.rows.length);
    while (this.pool.length < needed) this.pool.push(this.row());
    while (this.pool.length > needed) this.pool.pop().node.remove();
    this.draw();
  }

  row() {
    const cells = this.columns.map((column, place) => el("div", { role: "gridcell", class: column.kind, "aria-colindex": place + 1 }));
    const entry = { cells, node: el("div", { role: "row", class: "grid-row" }, cells) };
    entry.node.addEventListener("click", () => {
      this.move(entry.place);
      this.onOpen(this.view.rows[entry.place]);
    });
    this.window.append(entry.node);
    return entry;
  }

  draw() {
    if (!this.height) return;
    const { rows } = this.view;
    const last = Math.max(rows.length - this.pool.length, 0);
    const first = Math.min(Math.floor(this.node.scrollTop / this.height), last);
    this.pool.forEach((entry, offset) => this.fill(entry, first + offset));
    const shift = Math.min(this.node.scrollTop, this.body.clientHeight - this.window.clientHeight) - first * this.height;
    for (const { node } of this.pool) node.style.transform = `translateY(${-shift}px)`;
    if (rows.length) delete this.node.dataset.empty;
    else this.node.dataset.empty = this.view.isNarrow ? "No case is left. Take off a filter." : "There is no case.";
    const active = rows.length ? `row-${this.active}` : "";
    if (active && this.active >= first && this.active < first + this.pool.length) this.node.setAttribute("aria-activedescendant", active);
    else this.node.removeAttribute("aria-activedescendant");
  }

  fill(entry, place) {
    const row = this.view.rows[place];
    if (!row) return;
    entry.node.classList.toggle("active", place === this.active);
    if (entry.row === row && entry.place === place && entry.version === this.view.labels.version && entry.baseline === this.view.store.baseline) return;
    Object.assign(entry, { row, place, version: this.view.labels.version, baseline: this.view.store.baseline });
    entry.node.id = `row-${place}`;
    entry.node.setAttribute("aria-rowindex", place + 2);
    this.columns.forEach((column, number) => entry.cells[number].replaceChildren(...[column.cell(row)].flat().filter((part) => part !== null)));
  }

  /** Make another row the active one, and bring it into sight. */
  move(place) {
    const last = this.view.rows.length - 1;
    this.active = Math.max(0, Math.min(place, last));
    const top = this.active * this.height;
    const room = this.node.clientHeight - this.head.offsetHeight;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (top + this.height > this.node.scrollTop + room) this.node.scrollTop = top + this.height - room;
    this.draw();
  }

  moveTo(row) {
    const place = this.view.rows.indexOf(row);
    if (place >= 0) this.move(place);
  }

  key(event) {
    if (event.target !== this.node || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(this.pool.length - 2, 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) this.move(this.active + steps[event.key]);
    else if (event.key === "Enter" && this.view.rows.length) this.onOpen(this.view.rows[this.active]);
    else return;
    event.preventDefault();
  }
}

const BRIEF = 120; // characters of a cell

const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

const badge = (outcome) => el("span", { class: `badge ${toneOf(outcome)}` }, outcome);

function columnsOf(view, labels) {
  const { store } = view;
  const scores = store.metrics.map((name) => ({
    field: `score:${name}`, name, width: "minmax(5.75rem, .6fr)", kind: "num", cell: (row) => scoreCell(store, row, name),
  }));
  const change = { field: "change", name: "Change", width: "5.5rem", kind: "wide", cell: (row) => changeCell(store, row) };
  return [
    { field: "outcome", name: "Outcome", width: "5rem", kind: "outcome", cell: (row) => badge(row.outcome) },
    { field: "id", name: "Case", width: "minmax(11rem, 2.5fr)", kind: "case-cell",
      cell: (row) => [el("b", { dir: "auto" }, short(row.id, BRIEF)), el("small", { dir: "auto" }, whereAndAsk(store, row))] },
    ...(store.baseline ? [change] : []),
    ...scores,
    { field: "tags", name: "Tags", width: "minmax(6rem, .8fr)", kind: "wide clip",
      cell: (row) => el("span", { dir: "auto" }, short(row.tags.join(", "), BRIEF)) },
    { field: "cost", name: "Cost", width: "5rem", kind: "num wide", cell: (row) => usd(row.cost) },
    { field: "latency", name: "Latency", width: "4.5rem", kind: "num wide", cell: (row) => seconds(row.latency) },
    { field: "took", name: "Took", width: "5rem", kind: "num wide", cell: (row) => seconds(row.took) },
    { field: "label", name: "Label", width: "3.75rem", kind: "wide", cell: (row) => labelCell(labels.of(row)) },
  ];
}

/** The prompt; before it what tells cases with one id apart. */
const whereAndAsk = (store, row) => (store.placeOf(row) ? [bdi(store.placeOf(row)), ` · ${row.ask}`] : row.ask);

function scoreCell(store, row, name) {
  const [now, then] = [row.scores[name], store.before(row)?.scores[name]];
  if (now === undefined) return NONE;
  if (now === false) return el("span", { class: "error tone" }, "unscored");
  const moved = typeof then === "number" && Math.abs(then - now) > 1e-9;
  return el("span", { class: "score", title: `${moved ? `${number(then)} → ` : ""}${number(now)}` }, moved && el("small", null, `${number(then)} → `),
    el("b", null, number(now)));
}

function changeCell(store, row) {
  const change = store.change(row);
  return el("span", { class: `${CHANGES[change].tone} tone`, title: CHANGES[change].title }, change);
}

const labelCell = (given) => (given?.label ? el("span", { class: `${given.label === "right" ? "passed" : "failed"} tone` }, given.label) : "");
