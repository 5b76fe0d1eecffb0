/* Markdown as elements: paragraphs, headings, lists, quotes, code, tables, emphasis. HTML, images and links stay text. */

const INLINE = new RegExp([
  /(`+)(.+?)\1/, /\*\*(.+?)\*\*/, /__(.+?)__/, /\*([^*\s](?:.*?[^*\s])?)\*/, /(?<!\w)_([^_\s](?:.*?[^_\s])?)_(?!\w)/, /~~(.+?)~~/,
  /!?\[([^\]]*)\]\(([^)\s]*)(?:\s[^)]*)?\)/,
].map((part) => part.source).join("|"));
const MAX_DEPTH = 20; // of nested emphasis, quotes and lists

function inline(text, depth = 0) {
  const parts = [];
  let rest = text;
  while (rest && depth < MAX_DEPTH) {
    const match = rest.match(INLINE);
    if (!match) break;
    parts.push(rest.slice(0, match.index), inlineElement(match, depth + 1));
    rest = rest.slice(match.index + match[0].length);
  }
  return [...parts, rest].filter((part) => part !== "");
}

function inlineElement([whole, , code, strong, strong2, weak, weak2, gone, label, address], depth) {
  if (code !== undefined) return el("code", null, code.trim());
  if (strong || strong2) return el("strong", null, inline(strong || strong2, depth));
  if (weak || weak2) return el("em", null, inline(weak || weak2, depth));
  if (gone) return el("s", null, inline(gone, depth));
  return el("span", { class: "address" }, whole.startsWith("!") ? "image: " : "", inline(label, depth), ` (${address})`);
}

const BLOCKS = [
  [/^ {0,3}(```|~~~)/, fence],
  [/^ {0,3}#{1,6}\s/, (lines) => [heading(lines[0]), 1]],
  [/^ {0,3}([-*_])( *\1){2,} *$/, () => [el("hr"), 1]],
  [/^ {0,3}>/, quote],
  [/^ {0,3}([-*+]|\d{1,9}[.)])\s/, list],
  [/^[^|\n]*\|.*\n[ :|]*-[ :|-]*$/, tableBlock],
];

/** Converts a Markdown text to elements. */
function markdown(text, depth = 0) {
  const nodes = [];
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length;) {
    const rest = lines.slice(index, index + 2000);
    const start = rest.slice(0, 2).join("\n");
    const block = depth < MAX_DEPTH && BLOCKS.find(([pattern, make]) => pattern.test(make === tableBlock ? start : rest[0]));
    const [node, used] = block ? block[1](rest, depth + 1) : paragraph(rest);
    if (node) nodes.push(node);
    index += used;
  }
  return nodes;
}

function paragraph(lines) {
  if (!lines[0].trim()) return [null, 1];
  let used = 1;
  while (used < lines.length && lines[used].trim() && !BLOCKS.some(([pattern]) => pattern.test(lines[used]))) used += 1;
  return [el("p", { dir: "auto" }, inline(lines.slice(0, used).join("\n"))), used];
}

function fence(lines) {
  const mark = lines[0].trim().slice(0, 3);
  const end = lines.findIndex((line, index) => index && line.trim().startsWith(mark));
  const used = end < 0 ? lines.length : end;
  return [el("pre", { tabindex: 0 }, el("code", null, lines.slice(1, used).join("\n"))), used + 1];
}

function heading(line) {
  const [, marks, text] = line.trim().match(/^(#+)\s*(.*?)\s*#*$/);
  return el("p", { class: "heading", role: "heading", "aria-level": Math.min(marks.length + 4, 6), dir: "auto" }, inline(text));
}

function quote(lines, depth) {
  let used = 0;
  while (used < lines.length && /^ {0,3}>/.test(lines[used])) used += 1;
  return [el("blockquote", null, markdown(lines.slice(0, used).map((line) => line.replace(/^ {0,3}> ?/, "")).join("\n"), depth)), used];
}

function list(lines, depth) {
  const marker = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+)/;
  const isOrdered = /\d/.test(lines[0].match(marker)[2]);
  const items = [];
  let used = 0;
  for (; used < lines.length; used += 1) {
    const match = lines[used].match(marker);
    if (match && /\d/.test(match[2]) !== isOrdered) break;
    if (match) items.push([lines[used].slice(match[0].length)]);
    else if (/^\s{2,}\S/.test(lines[used])) items.at(-1).push(lines[used].replace(/^ {2,4}|^\t/, ""));
    else if (lines[used].trim() || !marker.test(lines[used + 1] || "")) break;
  }
  return [el(isOrdered ? "ol" : "ul", { dir: "auto" }, items.map((item) => el("li", null,
    item.length > 1 ? markdown(item.join("\n"), depth) : inline(item[0])))), used];
}

function tableBlock(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));
  let used = 2;
  while (used < lines.length && lines[used].includes("|")) used += 1;
  const row = (tag, line) => el("tr", null, cells(line).map((cell) => el(tag, { dir: "auto" }, cell)));
  return [el("table", null, el("thead", null, row("th", lines[0])), el("tbody", null, lines.slice(2, used).map((line) => row("td", line)))), used];
}
