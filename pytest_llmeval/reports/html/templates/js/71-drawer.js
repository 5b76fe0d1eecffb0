/* One case in a drawer over the page. The dialog element takes the focus, and returns it at the end. */

const READINGS = { text: "Text", markdown: "Markdown", expected: "Against expected", before: "Against before" };

class Drawer {
  constructor(view, labels) {
    Object.assign(this, { view, labels, reading: "text", row: null });
    this.body = el("div", { class: "drawer-body" });
    this.title = el("h2", { id: "drawer-title", tabindex: -1, dir: "auto" });
    this.badge = el("span");
    this.controls = el("div", { class: "drawer-controls" });
    const move = (name, step, key) => button(name, () => this.step(step), { class: "chip", "aria-keyshortcuts": key });
    const close = button("Close", () => this.node.close(), { class: "chip", "aria-keyshortcuts": "Escape" });
    this.node = el("dialog", { class: "drawer", "aria-labelledby": "drawer-title", close: () => this.closed(),
      click: (event) => event.target === this.node && this.node.close() },
      el("div", { class: "drawer-head" },
        el("div", { class: "drawer-line" }, this.badge, this.title, el("div", { class: "chips" }, move("Previous", -1, "k"), move("Next", 1, "j"), close)),
        this.controls),
      this.body);
    document.body.append(this.node);
  }

  /** Shows a case. Opens the dialog before the texts are unpacked. */
  async show(row) {
    this.row = row;
    this.view.open = row.anchor;
    this.view.write();
    this.title.replaceChildren(visible(clipped(row.id)));
    this.badge.replaceChildren(badge(row.outcome));
    for (const part of [this.controls, this.body]) part.replaceChildren(); // so that no label goes to the previous case
    if (!this.node.open) this.node.showModal();
    this.title.focus();
    const result = await this.view.store.result(row);
    if (this.row !== row) return;
    this.result = result;
    this.controls.replaceChildren(this.readings(), this.tools(), labelControls(this.labels, row));
    this.fill();
    this.node.scrollTop = 0;
  }

  fill() {
    this.body.replaceChildren(...caseSections(this.view.store, this.result, this.reading).filter(Boolean));
  }

  readings() {
    const before = this.view.store.baselineRecord(this.result);
    const isAvailable = { text: true, markdown: true, expected: this.result.case.expected !== null, before: typeof before?.answer === "string" };
    const buttons = Object.keys(READINGS).filter((reading) => isAvailable[reading] && this.result.completion).map((reading) => button(READINGS[reading], () => {
      this.reading = reading;
      press();
      this.fill();
    }, { class: "chip", "data-reading": reading }));
    const current = () => (isAvailable[this.reading] ? this.reading : "text");
    const press = () => buttons.forEach((chip) => chip.setAttribute("aria-pressed", chip.dataset.reading === current()));
    press();
    return el("div", { class: "chips", role: "group", "aria-label": "How the answer is shown" }, buttons);
  }

  tools() {
    const { result } = this;
    const copyButton = (name, text) => button(name, async () => {
      await copy(text(), this.node);
      announce(`${name}: done`);
    }, { class: "link" });
    return el("div", { class: "chips" },
      copyButton("Copy as JSON", () => JSON.stringify(result, null, 2)),
      copyButton("Copy the command", () => rerunCommand(result)),
      copyButton("Copy the link", () => location.href),
      el("code", { class: "command", dir: "ltr" }, clipped(rerunCommand(result))));
  }

  step(by) {
    const row = this.view.rows[this.view.rows.indexOf(this.row) + by];
    if (row) this.show(row);
  }

  mark(label) {
    this.controls.querySelector(`[data-label=${label}]`)?.click();
  }

  closed() {
    const { row } = this;
    this.row = null;
    this.view.open = "";
    this.view.write();
    this.onClose?.(row);
  }
}
