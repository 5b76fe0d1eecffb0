/* What a reviewer says of answers, kept in this browser, and exported for `llmeval calibrate`. */

const FORMULA_START = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/; // as reports/csv_report.py: spreadsheets read such a cell as a formula

class Labels {
  constructor(run) {
    this.key = `llmeval labels ${run.id}`;
    this.listeners = [];
    this.version = 0;
    this.given = {};
    try {
      this.given = JSON.parse(localStorage.getItem(this.key)) || {};
    } catch {
      // no storage here: they live as long as the page
    }
  }

  get size() {
    return Object.values(this.given).filter((each) => each.label).length;
  }

  of(row) {
    return this.given[row.anchor];
  }

  /** Change the label or the note of a case. */
  set(row, change) {
    const given = { label: "", note: "", ...this.of(row), ...change };
    if (given.label || given.note) this.given[row.anchor] = given;
    else delete this.given[row.anchor];
    try {
      localStorage.setItem(this.key, JSON.stringify(this.given));
    } catch {
      // as above
    }
    this.tell();
  }

  tell() {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }
}

const cell = (text) => {
  const safe = FORMULA_START.test(text) ? `'${text}` : text;
  return /["\r\n,]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** The labels as a golden file with the answers: `calibrate FILE` judges them, `calibrate FILE --run ID` joins them. */
async function labelsAsCsv(store, labels) {
  const rows = store.rows.filter((row) => labels.of(row)?.label);
  const lines = [["id", "file", "suite", "prompt", "expected", "answer", "label", "note"]];
  for (const row of rows) {
    const { case: asked, suite, completion } = await store.result(row);
    const { label, note } = labels.of(row);
    lines.push([asked.id, asked.source.file, suite, asked.prompt, asked.expected || "", completion?.text || "", label === "right" ? "pass" : "fail", note]);
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
  say(`${counted(labels.size, "label")} exported.`);
}

/** Buttons and a note for one case. */
function labelControls(labels, row) {
  const buttons = ["right", "wrong"].map((label) =>
    button(label === "right" ? "Right" : "Wrong", () => labels.set(row, { label: labels.of(row)?.label === label ? "" : label }), {
      class: `chip ${label === "right" ? "passed" : "failed"}`, "data-label": label, "aria-keyshortcuts": label[0],
    }));
  const note = el("input", { type: "text", placeholder: "Note", "aria-label": "Note on the label",
    input: (event) => labels.set(row, { note: event.target.value }) });
  note.value = labels.of(row)?.note || "";
  const press = () => buttons.forEach((each) => each.setAttribute("aria-pressed", labels.of(row)?.label === each.dataset.label));
  press();
  const node = el("div", { class: "labels", role: "group", "aria-label": "Is the answer right?", click: press }, el("span", null, "The answer is"),
    buttons, note);
  node.press = press;
  return node;
}
