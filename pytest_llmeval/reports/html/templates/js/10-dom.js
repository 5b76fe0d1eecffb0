/* Elements, and numbers as people read them: the same as in reports/phrases.py. */

const NONE = "-";
const LONGEST = 2000; // characters of a text; `textBlock` shows more
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text with a sign in place of each character that could hide or reorder others. */
function visible(text) {
  return String(text).replace(HIDDEN, (sign) => {
    const code = sign.codePointAt(0);
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** The start of a text, without half of a character. */
const startOf = (text, most) => text.slice(0, most).replace(/[\ud800-\udbff]$/, "");

/** The text, or its start with the number of characters that follow. */
function clipped(text, most = LONGEST) {
  return text.length <= most ? text : `${startOf(text, most)} … and ${grouped(text.length - most)} characters more`;
}

/** An element. A property that is a function listens to the event of its name; false and null are left out. */
function el(tag, properties, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** The same in SVG. */
function svg(tag, properties, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "value") node.value = value; // as it is: it is read back
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : visible(clipped(String(value))));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : visible(clipped(String(child))));
  }
  return node;
}

/** The text in at most so many characters. */
const short = (text, width) => (text.length > width ? `${startOf(text, width - 1)}…` : text);

/** A text of the run, whole. */
const words = (text) => document.createTextNode(visible(text));

/** A short text of the run, isolated from the direction of what surrounds it. */
const bdi = (text) => el("bdi", null, text);

const button = (label, action, properties) => el("button", { type: "button", click: action, ...properties }, label);

const grouped = (value) => value.toLocaleString("en-US");

const counted = (amount, thing) => `${grouped(amount)} ${thing}${amount === 1 ? "" : "s"}`;

/* How numbers are written: the tables of pytest_llmeval/text.py, put here when the page is made. */
const FORMATS = "@FORMATS@";

function written(value, kind) {
  if (value === 0) return FORMATS.zeros[kind];
  const size = Math.abs(value);
  const rule = FORMATS.rules[kind].find(([atLeast]) => size >= atLeast);
  if (!rule) return FORMATS.tiny;
  const [, style, digits] = rule;
  if (style === "significant") return String(Number(value.toPrecision(digits)));
  // toFixed rounds the exact value, as Python does; toLocaleString would round its shortest decimal form.
  return Number(value.toFixed(digits)).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const isUnknown = (value) => value === null || value === undefined;

const number = (value) => (isUnknown(value) ? NONE : written(value, "number"));

/** A mean or one of its bounds. */
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
  const two = (part) => String(part).padStart(2, "0");
  return hours ? `${hours} h ${two(minutes)} min` : `${minutes} min ${two(whole % 60)} s`;
}

/** A value of a golden file or a setting as text. */
const plain = (value) => (typeof value === "string" ? value : typeof value === "number" ? number(value) : JSON.stringify(value));

/** A word of the shell that POSIX reads as exactly this text. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

async function copy(text, near) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "unseen", "aria-hidden": "true" }); // the clipboard's door is shut in some frames
    near.append(area);
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Say something to those who listen to the page. */
function say(text) {
  document.getElementById("said").textContent = text;
}
