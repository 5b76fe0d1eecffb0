/* The table of all cases. Only visible rows exist. They stick to the frame while it scrolls, so it is never blank. */

/** A grid of the rows of a view. Calls `onOpen` with the opened row. */
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
    const headers = this.columns.map((column, index) => this.header(column, index));
    this.head = el("div", { role: "row", class: "grid-row grid-head", "aria-rowindex": 1 }, headers);
    this.window = el("div", { class: "window", role: "presentation" });
    this.body = el("div", { role: "rowgroup", class: "grid-body" }, this.window);
    this.node = el("div", {
      role: "grid", class: "grid", tabindex: 0, "aria-label": "Cases", "aria-colcount": this.columns.length,
      scroll: () => this.draw(), keydown: (event) => this.key(event),
    }, el("div", { role: "rowgroup", class: "grid-top" }, this.head), this.body);
    this.node.style.setProperty("--columns", this.columns.map((column) => column.width).join(" "));
  }

  header(column, index) {
    const sort = button(column.name, () => this.sortBy(column), { class: "sort", title: `Sort by ${column.name}` });
    return el("div", { role: "columnheader", class: column.kind, "aria-colindex": index + 1 }, sort);
  }

  /** Sorts by a column: rising at first, then falling, then by default. */
  sortBy({ field }) {
    const { sort } = this.view;
    if (sort === field) this.view.set({ sort: `-${field}` });
    else this.view.set({ sort: sort === `-${field}` ? "" : field });
  }

  /** Shows the rows of the view again, from the top if filters or order changed. */
  show() {
    const { rows, sort } = this.view;
    this.columns.forEach(({ field }, index) => {
      const cell = this.head.children[index];
      if (sort === field) cell.setAttribute("aria-sort", "ascending");
      else if (sort === `-${field}`) cell.setAttribute("aria-sort", "descending");
      else cell.removeAttribute("aria-sort");
    });
    this.node.setAttribute("aria-rowcount", rows.length + 1);
    const state = String(this.view.state);
    if (state !== this.state) [this.state, this.active, this.node.scrollTop] = [state, 0, 0];
    this.active = Math.min(this.active, Math.max(rows.length - 1, 0));
    this.fit();
  }

  /** Makes as many rows as fit the frame. */
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
    const cells = this.columns.map((column, index) => el("div", { role: "gridcell", class: column.kind, "aria-colindex": index + 1 }));
    const entry = { cells, node: el("div", { role: "row", class: "grid-row" }, cells) };
    entry.node.addEventListener("click", () => {
      this.move(entry.position);
      this.onOpen(this.view.rows[entry.position]);
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

  fill(entry, position) {
    const row = this.view.rows[position];
    if (!row) return;
    entry.node.classList.toggle("active", position === this.active);
    const shown = { row, position, version: this.view.labels.version, baseline: this.view.store.baseline };
    if (Object.keys(shown).every((name) => entry[name] === shown[name])) return;
    Object.assign(entry, shown);
    entry.node.id = `row-${position}`;
    entry.node.setAttribute("aria-rowindex", position + 2);
    this.columns.forEach((column, index) => entry.cells[index].replaceChildren(...[column.cell(row)].flat().filter((part) => part !== null)));
  }

  /** Activates the row at a position, and scrolls it into view. */
  move(position) {
    const last = this.view.rows.length - 1;
    this.active = Math.max(0, Math.min(position, last));
    const top = this.active * this.height;
    const room = this.node.clientHeight - this.head.offsetHeight;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (top + this.height > this.node.scrollTop + room) this.node.scrollTop = top + this.height - room;
    this.draw();
  }

  moveTo(row) {
    const position = this.view.rows.indexOf(row);
    if (position >= 0) this.move(position);
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

const CELL_LENGTH = 120; // characters

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
      cell: (row) => [el("b", { dir: "auto" }, short(row.id, CELL_LENGTH)), el("small", { dir: "auto" }, subtitle(store, row))] },
    ...(store.baseline ? [change] : []),
    ...scores,
    { field: "tags", name: "Tags", width: "minmax(6rem, .8fr)", kind: "wide clip",
      cell: (row) => el("span", { dir: "auto" }, short(row.tags.join(", "), CELL_LENGTH)) },
    { field: "cost", name: "Cost", width: "5rem", kind: "num wide", cell: (row) => usd(row.cost) },
    { field: "latency", name: "Latency", width: "4.5rem", kind: "num wide", cell: (row) => seconds(row.latency) },
    { field: "took", name: "Took", width: "5rem", kind: "num wide", cell: (row) => seconds(row.took) },
    { field: "label", name: "Label", width: "3.75rem", kind: "wide", cell: (row) => labelCell(labels.of(row)) },
  ];
}

/** Returns the prompt, after the location of a case whose id is not unique. */
function subtitle(store, row) {
  const location = store.locationOf(row);
  return location ? [bdi(location), ` · ${row.prompt}`] : row.prompt;
}

function scoreCell(store, row, name) {
  const [now, before] = [row.scores[name], store.before(row)?.scores[name]];
  if (now === undefined) return NONE;
  if (now === false) return el("span", { class: "error tone" }, "unscored");
  const hasMoved = typeof before === "number" && Math.abs(before - now) > 1e-9;
  const prefix = hasMoved ? `${number(before)} → ` : "";
  return el("span", { class: "score", title: `${prefix}${number(now)}` }, hasMoved && el("small", null, prefix), el("b", null, number(now)));
}

function changeCell(store, row) {
  const change = store.change(row);
  return el("span", { class: `${CHANGES[change].tone} tone`, title: CHANGES[change].title }, change);
}

function labelCell(entry) {
  if (!entry?.label) return "";
  return el("span", { class: `${entry.label === "right" ? "passed" : "failed"} tone` }, entry.label);
}
