/* The JSON report, packed in the page. Head and index are read at the start, results on demand. */

const CACHED_PARTS = 6;

const documentReady = new Promise((resolve) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve, { once: true });
  else resolve();
});

const blocks = (kind) => document.querySelectorAll(`script[data-part=${kind}]`);

async function unpack(block) {
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(block.textContent) : bytesOf(atob(block.textContent));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function bytesOf(binary) {
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** Removes the members that every object inherits: the name of a score or a field may be `constructor`. */
const bare = (map) => Object.setPrototypeOf(map, null);

/** The run, its summary, and a row of the index for each case. */
class Store {
  static async load() {
    const [head, ...parts] = await Promise.all([...blocks("head"), ...blocks("index")].map(unpack));
    return new Store(head, parts);
  }

  constructor(head, parts) {
    this.run = head.run;
    this.summary = head.summary;
    this.history = head.history || [];
    this.rows = parts.flatMap(rowsOf);
    this.rows.forEach((row, index) => { row.index = index; });
    this.repeated = new Set([...countBy(this.rows, (row) => [row.id])].filter(([, count]) => count > 1).map(([id]) => id));
    this.byAnchor = new Map(this.rows.map((row) => [row.anchor, row]));
    this.metrics = this.summary.scores.map((score) => score.name);
    this.scales = new Map(this.summary.scores.map((score) => [score.name, score.scale]));
    this.baselines = [...new Set(this.rows.flatMap((row) => [...row.before.keys()]))];
    this.compareWith("");
    this.cache = new Map();
    this.texts = [];
  }

  /** Returns the suite of a case whose id is not unique. Empty for a unique id. */
  locationOf(row) {
    return this.repeated.has(row.id) ? row.suite : "";
  }

  /** Selects a baseline by name, or the first for an unknown name. */
  compareWith(baseline) {
    this.baseline = this.baselines.includes(baseline) ? baseline : this.baselines[0] || "";
  }

  /** Returns the case's index entry in the selected baseline. Undefined if the baseline lacks the case. */
  before(row) {
    return row.before.get(this.baseline);
  }

  /** Returns the case's full record in the selected baseline, with answer and reasons. */
  baselineRecord(result) {
    return result.before.find((record) => record.baseline === this.baseline);
  }

  change(row) {
    return this.before(row)?.change ?? "new";
  }

  /** Returns a part of the results. Caches the last few unpacked parts. */
  async part(number) {
    const part = this.cache.get(number) || this.unpackPart(number);
    this.cache.delete(number);
    this.cache.set(number, part);
    if (this.cache.size > CACHED_PARTS) this.cache.delete(this.cache.keys().next().value);
    return part;
  }

  async unpackPart(number) {
    if (!blocks("results")[number]) await documentReady;
    const results = await unpack(blocks("results")[number]);
    for (const { before } of results) for (const record of before) bare(record.scores);
    return results;
  }

  /** Returns the object of a case in the JSON report. */
  async result(row) {
    return (await this.part(row.part))[row.offset];
  }

  /** Makes the full texts of all cases searchable, part by part. Calls `onProgress` with the share of read parts. */
  async readTexts(onProgress) {
    if (this.reading) return;
    this.reading = true;
    await documentReady;
    const parts = blocks("results");
    for (let number = 0, index = 0; number < parts.length; number += 1) {
      for (const result of await unpack(parts[number])) {
        this.texts[index] = textOf(result);
        index += 1;
      }
      onProgress((number + 1) / parts.length);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

/** Normalizes a text for the search: lower case, and accents composed with their letters. */
const searchable = (text) => text.toLowerCase().normalize();

function rowsOf(columns) {
  const names = Object.keys(columns);
  return columns.anchor.map((_, index) => {
    const row = {};
    for (const name of names) row[name] = columns[name][index];
    row.before = new Map(row.before.map((entry) => [entry.baseline, entry])); // a map preserves their order
    for (const map of [row.scores, ...Array.from(row.before.values(), (entry) => entry.scores)]) bare(map);
    row.text = [row.id, row.prompt, row.source, ...row.tags].map(searchable).join("\n");
    return row;
  });
}

/** Returns the text of a chat message, and its further members (such as tool calls) as JSON. */
function messageText({ role, content, ...rest }) {
  const text = typeof content === "string" ? content : "";
  const members = Object.entries(text === content ? rest : { content, ...rest }).filter(([, value]) => value !== null && value !== undefined);
  return [text, members.length ? JSON.stringify(Object.fromEntries(members), null, 2) : ""].filter(Boolean).join("\n");
}

function textOf(result) {
  const messages = result.request ? result.request.messages.map(messageText) : [result.case.prompt];
  const reasons = result.scores.flatMap((score) => [score.reason, score.error]);
  const texts = [...messages, result.case.expected, result.completion?.text, result.message, ...reasons];
  return texts.filter((text) => typeof text === "string").map(searchable).join("\n");
}
