/* The difference between two texts, word by word. */

const MAX_CELLS = 4e6; // of the table for the longest common subsequence

/** Splits a text into words, spaces and punctuation. */
function wordsOf(text) {
  if (!window.Intl?.Segmenter) return text.match(/\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) || [];
  const segments = new Intl.Segmenter(undefined, { granularity: "word" }).segment(text);
  return Array.from(segments, ({ segment }) => segment);
}

/** Returns runs of words as `[kind, text]`, with the kinds "same", "gone" and "new". Long texts are not compared by word. */
function diff(before, after) {
  if (before.length + after.length > 100000) return before === after ? [["same", before]] : [["gone", before], ["new", after]];
  const [a, b] = [wordsOf(before), wordsOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const middle = compareWords(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return merged([...a.slice(0, start).map((word) => ["same", word]), ...middle, ...a.slice(a.length - end).map((word) => ["same", word])]);
}

/** Finds the longest common subsequence by dynamic programming (Wagner and Fischer, 1974). */
function compareWords(a, b) {
  const width = b.length + 1;
  if ((a.length + 1) * width > MAX_CELLS) return [...a.map((word) => ["gone", word]), ...b.map((word) => ["new", word])];
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const steps = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      steps.push(["same", a[i++]]);
      j += 1;
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) steps.push(["gone", a[i++]]);
    else steps.push(["new", b[j++]]);
  }
  return [...steps, ...a.slice(i).map((word) => ["gone", word]), ...b.slice(j).map((word) => ["new", word])];
}

/** Joins neighbours of one kind. A space between two changes belongs to both, so a changed phrase stays whole. */
function merged(steps) {
  const runs = [];
  let [gone, fresh] = ["", ""];
  const flush = () => {
    if (gone) runs.push(["gone", gone]);
    if (fresh) runs.push(["new", fresh]);
    [gone, fresh] = ["", ""];
  };
  steps.forEach(([kind, word], index) => {
    const isBridge = kind === "same" && /^\s$/.test(word) && (gone || fresh) && steps[index + 1] && steps[index + 1][0] !== "same";
    if (kind === "gone" || isBridge) gone += word;
    if (kind === "new" || isBridge) fresh += word;
    if (kind !== "same" || isBridge) return;
    flush();
    if (runs.at(-1)?.[0] === "same") runs.at(-1)[1] += word;
    else runs.push(["same", word]);
  });
  flush();
  return runs;
}

/** Shows the difference: removed words are struck out, new words are underlined. Clips each run like any text. */
function diffed(before, after) {
  const tags = { gone: "del", new: "ins", same: "span" };
  return el("div", { class: "text diff", dir: "auto" }, diff(before, after).map(([kind, text]) => el(tags[kind], null, textNode(clipped(text, SHOWN)))));
}
