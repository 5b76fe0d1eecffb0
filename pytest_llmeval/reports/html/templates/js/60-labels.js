/* A reviewer's labels of the answers. The browser stores them. Their export is the input of `llmeval calibrate`. */

const FORMULA_START = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/; // a spreadsheet runs such a cell as a formula, see goldens/cells.py

class Labels {
  constructor(run) {
    this.key = `llmeval labels ${run.id}`;
    this.listeners = [];
    this.version = 0;
    this.entries = {};
    try {
      this.entries = JSON.parse(localStorage.getItem(this.key)) || {};
    } catch {
      // without storage, labels last as long as the page
    }
  }

  get size() {
    return Object.values(this.entries).filter((entry) => entry.label).length;
  }

  of(row) {
    return this.entries[row.anchor];
  }

  /** Changes the label or the note of a case. */
  set(row, change) {
    const entry = { label: "", note: "", ...this.of(row), ...change };
    if (entry.label || entry.note) this.entries[row.anchor] = entry;
    else delete this.entries[row.anchor];
    try {
      localStorage.setItem(this.key, JSON.stringify(this.entries));
    } catch {
      // without storage, labels last as long as the page
    }
    this.notify();
  }

  notify() {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }
}

const cell = (text) => {
  const safe = FORMULA_START.test(text) ? `'${text}` : text;
  return /["\r\n,]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Writes a golden file with answers and labels. `calibrate FILE` judges it, `calibrate FILE --run ID` joins it with a run. */
async function labelsAsCsv(store, labels) {
  const rows = store.rows.filter((row) => labels.of(row)?.label);
  const lines = [["id", "file", "suite", "prompt", "expected", "answer", "label", "note"]];
  for (const row of rows) {
    const { case: golden, suite, completion } = await store.result(row);
    const { label, note } = labels.of(row);
    lines.push([golden.id, golden.source.file, suite, golden.prompt, golden.expected || "", completion?.text || "", label === "right" ? "pass" : "fail", note]);
  }
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

async function exportLabels(store, labels) {
  const file = new Blob([await labelsAsCsv(store, labels)], { type: "text/csv" });
  const link = el("a", { href: URL.createObjectURL(file), download: `labels-${store.run.id}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  announce(`${counted(labels.size, "label")} exported.`);
}

/** Makes buttons and a note field for the label of a case. */
function labelControls(labels, row) {
  const current = () => labels.of(row)?.label;
  const buttons = ["right", "wrong"].map((label) =>
    button(label === "right" ? "Right" : "Wrong", () => labels.set(row, { label: current() === label ? "" : label }), {
      class: `chip ${label === "right" ? "passed" : "failed"}`, "data-label": label, "aria-keyshortcuts": label[0],
    }));
  const note = el("input", { type: "text", placeholder: "Note", "aria-label": "Note on the label",
    input: (event) => labels.set(row, { note: event.target.value }) });
  note.value = labels.of(row)?.note || "";
  const press = () => buttons.forEach((chip) => chip.setAttribute("aria-pressed", current() === chip.dataset.label));
  press();
  const node = el("div", { class: "labels", role: "group", "aria-label": "Is the answer right?", click: press }, el("span", null, "The answer is"),
    buttons, note);
  node.press = press;
  return node;
}
