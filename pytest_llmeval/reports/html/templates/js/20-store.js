/* The JSON report, as it is packed in the page: the head and the index at the start, the results when they are asked for. */

const KEPT_PARTS = 6;

const parsed = new Promise((done) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", done, { once: true });
  else done();
});

const blocks = (kind) => document.querySelectorAll(`script[data-part=${kind}]`);

async function unpacked(block) {
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(block.textContent) : bytesOf(atob(block.textContent));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function bytesOf(binary) {
  const bytes = new Uint8Array(binary.length);
  for (let place = 0; place < binary.length; place += 1) bytes[place] = binary.charCodeAt(place);
  return bytes;
}

/** A map without the names that every object has: a score may be called `constructor`, and an address may ask for it. */
const bare = (map) => Object.setPrototypeOf(map, null);

/** The run, its summary, and its cases as rows: what the index knows of each. */
class Store {
  static async load() {
    const [head, ...parts] = await Promise.all([...blocks("head"), ...blocks("index")].map(unpacked));
    return new Store(head, parts);
  }

  constructor(head, parts) {
    this.run = head.run;
    this.summary = head.summary;
    this.history = head.history || [];
    this.rows = parts.flatMap(rowsOf);
    this.rows.forEach((row, place) => { row.place = place; });
    this.repeated = new Set([...countBy(this.rows, (row) => [row.id])].filter(([, many]) => many > 1).map(([id]) => id));
    this.byAnchor = new Map(this.rows.map((row) => [row.anchor, row]));
    this.metrics = this.summary.scores.map((score) => score.name);
    this.scales = new Map(this.summary.scores.map((score) => [score.name, score.scale]));
    this.baselines = [...new Set(this.rows.flatMap((row) => [...row.before.keys()]))];
    this.compareWith("");
    this.kept = new Map();
    this.texts = [];
  }

  /** Where a case is, if others have its id; else nothing. */
  placeOf(row) {
    return this.repeated.has(row.id) ? `${row.suite}${row.sample ? `, sample ${row.sample}` : ""}` : "";
  }

  /** Use a baseline; the first, where there is none of this name. */
  compareWith(baseline) {
    this.baseline = this.baselines.includes(baseline) ? baseline : this.baselines[0] || "";
  }

  /** What the baseline in use says of a case; undefined: nothing. */
  before(row) {
    return row.before.get(this.baseline);
  }

  /** The same as the JSON report has it: answer and reasons, too. */
  told(result) {
    return result.before.find((each) => each.baseline === this.baseline);
  }

  change(row) {
    return this.before(row)?.change ?? "new";
  }

  /** The results that lie together with a case. The last few that were unpacked are kept. */
  async part(number) {
    const kept = this.kept.get(number) || this.unpack(number);
    this.kept.delete(number);
    this.kept.set(number, kept);
    if (this.kept.size > KEPT_PARTS) this.kept.delete(this.kept.keys().next().value);
    return kept;
  }

  async unpack(number) {
    if (!blocks("results")[number]) await parsed;
    const results = await unpacked(blocks("results")[number]);
    for (const { before } of results) for (const each of before) bare(each.scores);
    return results;
  }

  /** Everything about one case: its object of the JSON report. */
  async result(row) {
    return (await this.part(row.part))[row.offset];
  }

  /** Make the whole texts of all cases searchable, a part at a time; `told` hears how far it is. */
  async readTexts(told) {
    if (this.reading) return;
    this.reading = true;
    await parsed;
    const parts = blocks("results");
    for (let number = 0, place = 0; number < parts.length; number += 1) {
      for (const result of await unpacked(parts[number])) {
        this.texts[place] = textOf(result);
        place += 1;
      }
      told((number + 1) / parts.length);
      await new Promise((rest) => setTimeout(rest));
    }
  }
}

/** A text as it is searched: in small letters, an accent and its letter as one sign. */
const searchable = (text) => text.toLowerCase().normalize();

function rowsOf(columns) {
  const names = Object.keys(columns);
  return columns.anchor.map((_, place) => {
    const row = {};
    for (const name of names) row[name] = columns[name][place];
    row.before = new Map(row.before.map((then) => [then.baseline, then])); // in their order, which an object loses
    for (const map of [row.scores, ...Array.from(row.before.values(), (then) => then.scores)]) bare(map);
    row.text = [row.id, row.ask, row.source, ...row.tags].map(searchable).join("\n");
    return row;
  });
}

/** What a message of a chat says: its text, and what else it holds (the calls of tools, parts that are no text) as JSON. */
function spoken({ role, content, ...rest }) {
  const text = typeof content === "string" ? content : "";
  const others = Object.entries(text === content ? rest : { content, ...rest }).filter(([, value]) => value !== null && value !== undefined);
  return [text, others.length ? JSON.stringify(Object.fromEntries(others), null, 2) : ""].filter(Boolean).join("\n");
}

function textOf(result) {
  const said = result.request ? result.request.messages.map(spoken) : [result.case.prompt];
  const reasons = result.scores.flatMap((score) => [score.reason, score.error]);
  const texts = [...said, result.case.expected, result.completion?.text, result.message, ...reasons];
  return texts.filter((text) => typeof text === "string").map(searchable).join("\n");
}
