// Tokens of a program, and which of them two programs share.

const TOKEN = new RegExp([
  String.raw`\s+`,
  String.raw`"(?:[^"\\\n]|\\.)*"?`,
  String.raw`'(?:[^'\\\n]|\\.)*'?`,
  String.raw`[\p{L}_$][\p{L}\p{N}_$]*`,
  String.raw`\.?\d[\w.]*`,
  String.raw`<<=|>>=|<=>|->\*|\.\.\.|::|->|\+\+|--|<<|>>|[<>=!+\-*/%&|^]=|&&|\|\|`,
  String.raw`[^]`,
].join("|"), "gu");

// the largest table of the alignment, in cells; two programs of 4,000 tokens each
const MOST_CELLS = 16e6;

/** A text as its tokens, blanks included: joined they are the text again. */
function tokenize(text) {
  return text.match(TOKEN) ?? [];
}

function isBlank(token) {
  return token.trim() === "";
}

/**
 * For each word of `mine` the index of its partner in `other`, or -1: a longest common subsequence.
 * Words that stand in a pair of texts too long to align have no partner, but for those at the ends that agree.
 */
function partners(mine, other) {
  const found = new Int32Array(mine.length).fill(-1);
  let start = 0;
  let mineEnd = mine.length;
  let otherEnd = other.length;
  while (start < mineEnd && start < otherEnd && mine[start] === other[start]) {
    found[start] = start;
    start += 1;
  }
  while (mineEnd > start && otherEnd > start && mine[mineEnd - 1] === other[otherEnd - 1]) {
    mineEnd -= 1;
    otherEnd -= 1;
    found[mineEnd] = otherEnd;
  }
  const rows = mineEnd - start;
  const columns = otherEnd - start;
  const width = columns + 1;
  if ((rows + 1) * width > MOST_CELLS) return found;
  // length[i * width + j]: of the longest common subsequence of mine[start + i ..] and other[start + j ..]
  const length = new Uint16Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      length[i * width + j] = mine[start + i] === other[start + j]
        ? length[(i + 1) * width + j + 1] + 1
        : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < rows && j < columns;) {
    if (mine[start + i] === other[start + j]) {
      found[start + i] = start + j;
      i += 1;
      j += 1;
    } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return found;
}

/**
 * The tokens of `text` as {text, kind}: "same" (blanks too), "extra" for one that `other` lacks, and "gap" for a place
 * where words of `other` are missing; a gap's text is these words.
 */
function differences(text, other) {
  const tokens = tokenize(text);
  const words = tokenize(other).filter((token) => !isBlank(token));
  const partner = partners(tokens.filter((token) => !isBlank(token)), words);
  const made = [];
  let word = 0;
  let expected = 0;
  for (const token of tokens) {
    if (isBlank(token)) {
      made.push({ text: token, kind: "same" });
      continue;
    }
    const place = partner[word];
    word += 1;
    if (place > expected) made.push({ text: words.slice(expected, place).join(" "), kind: "gap" });
    if (place >= 0) expected = place + 1;
    made.push({ text: token, kind: place < 0 ? "extra" : "same" });
  }
  if (expected < words.length) made.push({ text: words.slice(expected).join(" "), kind: "gap" });
  return made;
}
