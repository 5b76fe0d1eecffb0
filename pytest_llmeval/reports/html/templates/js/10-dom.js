/* Elements, and the text of numbers as in pytest_llmeval/text.py. */

const NONE = "-";
const MAX_LENGTH = 2000; // characters of a text; `textBlock` shows more
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Replaces characters that could hide or reorder text with visible signs. */
function visible(text) {
  return String(text).replace(HIDDEN, (character) => {
    const code = character.codePointAt(0);
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** Returns the start of a text. Never splits a surrogate pair. */
const startOf = (text, length) => text.slice(0, length).replace(/[\ud800-\udbff]$/, "");

/** Clips a text, and writes the number of missing characters. */
function clipped(text, length = MAX_LENGTH) {
  return text.length <= length ? text : `${startOf(text, length)} … and ${grouped(text.length - length)} characters more`;
}

/** Makes an element. A function property becomes a listener of the event with its name. False and null are skipped. */
function el(tag, properties, ...children) {
  return fillNode(document.createElement(tag), properties, children);
}

/** Makes an SVG element, like `el`. */
function svg(tag, properties, ...children) {
  return fillNode(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function fillNode(node, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "value") node.value = value; // unclipped, because the script reads it again
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : visible(clipped(String(value))));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : visible(clipped(String(child))));
  }
  return node;
}

/** Shortens a text to `width` characters. */
const short = (text, width) => (text.length > width ? `${startOf(text, width - 1)}…` : text);

/** Makes a text node from an unclipped text of the run. */
const textNode = (text) => document.createTextNode(visible(text));

/** Isolates the writing direction of a short text. */
const bdi = (text) => el("bdi", null, text);

const button = (label, action, properties) => el("button", { type: "button", click: action, ...properties }, label);

const grouped = (value) => value.toLocaleString("en-US");

const counted = (amount, thing) => `${grouped(amount)} ${thing}${amount === 1 ? "" : "s"}`;

/* The number formats of pytest_llmeval/text.py. Python inserts them when it makes the page. */
const FORMATS = "@FORMATS@";

function written(value, kind) {
  if (value === 0) return FORMATS.zeros[kind];
  const size = Math.abs(value);
  const rule = FORMATS.rules[kind].find(([atLeast]) => size >= atLeast);
  if (!rule) return FORMATS.tiny;
  const [, style, digits] = rule;
  if (style === "significant") return String(Number(value.toPrecision(digits)));
  // toFixed rounds the exact value, as Python does. toLocaleString rounds the shortest decimal form.
  return Number(value.toFixed(digits)).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const isUnknown = (value) => value === null || value === undefined;

const number = (value) => (isUnknown(value) ? NONE : written(value, "number"));

/** Writes a mean or one of its bounds. */
const average = (value) => (isUnknown(value) ? NONE : written(value, "average"));

function percent(share) {
  if (isUnknown(share)) return NONE;
  return share === 1 ? "100%" : `${(100 * Math.min(share, 0.999)).toFixed(1)}%`;
}

const usd = (amount) => (isUnknown(amount) ? "unknown" : `$${written(amount, "usd")}`);

function seconds(value) {
  if (value === null || value === undefined) return NONE;
  if (value < 1) return `${Math.round(1000 * value)} ms`;
  if (value < 60) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const twoDigits = (part) => String(part).padStart(2, "0");
  return hours ? `${hours} h ${twoDigits(minutes)} min` : `${minutes} min ${twoDigits(whole % 60)} s`;
}

/** Writes a value of a golden file or a setting as text. */
function plain(value) {
  if (typeof value === "string") return value;
  return typeof value === "number" ? number(value) : JSON.stringify(value);
}

/** Quotes a text for a POSIX shell. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

async function copy(text, parent) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "unseen", "aria-hidden": "true" }); // some frames block the clipboard API
    parent.append(area);
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Announces a text to screen readers. */
function announce(text) {
  document.getElementById("announcement").textContent = text;
}
