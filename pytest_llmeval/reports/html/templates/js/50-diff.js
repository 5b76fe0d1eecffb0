/* What differs between two texts, word by word. */

const MOST_CELLS = 4e6; // of the table of the longest common subsequence

/** A text as words, spaces and signs; joined they are the text. */
function wordsOf(text) {
  if (!window.Intl?.Segmenter) return text.match(/\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) || [];
  const segments = new Intl.Segmenter(undefined, { granularity: "word" }).segment(text);
  return Array.from(segments, (each) => each.segment);
}

/** Runs of words: `[kind, text]` with the kinds "same", "gone" and "new". Long texts differ as a whole between their ends. */
function diff(before, after) {
  if (before.length + after.length > 100000) return before === after ? [["same", before]] : [["gone", before], ["new", after]];
  const [one, other] = [wordsOf(before), wordsOf(after)];
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const middle = between(one.slice(start, one.length - end), other.slice(start, other.length - end));
  return merged([...one.slice(0, start).map((word) => ["same", word]), ...middle, ...one.slice(one.length - end).map((word) => ["same", word])]);
}

/** The longest common subsequence by dynamic programming (Wagner and Fischer, 1974). */
function between(one, other) {
  const width = other.length + 1;
  if ((one.length + 1) * width > MOST_CELLS) return [...one.map((word) => ["gone", word]), ...other.map((word) => ["new", word])];
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = one[i] === other[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const steps = [];
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    if (one[i] === other[j]) {
      steps.push(["same", one[i++]]);
      j += 1;
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) steps.push(["gone", one[i++]]);
    else steps.push(["new", other[j++]]);
  }
  return [...steps, ...one.slice(i).map((word) => ["gone", word]), ...other.slice(j).map((word) => ["new", word])];
}

/** Neighbours of one kind as one; a space between two changes belongs to both, so that a phrase is not torn. */
function merged(steps) {
  const runs = [];
  let [gone, fresh] = ["", ""];
  const flush = () => {
    if (gone) runs.push(["gone", gone]);
    if (fresh) runs.push(["new", fresh]);
    [gone, fresh] = ["", ""];
  };
  steps.forEach(([kind, word], place) => {
    const bridges = kind === "same" && /^\s$/.test(word) && (gone || fresh) && steps[place + 1] && steps[place + 1][0] !== "same";
    if (kind === "gone" || bridges) gone += word;
    if (kind === "new" || bridges) fresh += word;
    if (kind !== "same" || bridges) return;
    flush();
    if (runs.at(-1)?.[0] === "same") runs.at(-1)[1] += word;
    else runs.push(["same", word]);
  });
  flush();
  return runs;
}

/** A text with what is gone struck out and what is new underlined; of a very long run its start, as of any text. */
function diffed(before, after) {
  const tags = { gone: "del", new: "ins", same: "span" };
  return el("div", { class: "text diff", dir: "auto" }, diff(before, after).map(([kind, text]) => el(tags[kind], null, words(clipped(text, SHOWN)))));
}
