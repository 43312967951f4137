// The data of the page: examples, what is asked of them, and the examples that answer it.

const data = JSON.parse(document.getElementById("data").textContent);
const ORDER = Object.keys(data.splits);
const seeds = [...new Set(data.groups.map((group) => group.seed))].sort((a, b) => a - b);
const CORRECT = data.verdicts.indexOf("correct");
const MISSING = data.verdicts.indexOf("missing");
// where a checker judged, outputs need not be programs, nor sources pseudocode
const CHECKED = data.signatures.every((signature) => signature.startsWith("checker:"));
const SOURCE = CHECKED ? "source" : "pseudocode";

// an example: its group (one split and seed), and its place there
const examples = data.groups.flatMap((group) => group.ids.map((id, index) => ({ group, index, id })));
examples.forEach((example, order) => { example.order = order; });

function text(index) {
  return index < 0 ? null : data.texts[index];
}

/** The index of a system's verdict on an example; -1 where the system was not run on the example's split and seed. */
function verdict(example, system) {
  const run = example.group.runs[system];
  return run ? run.verdicts.charCodeAt(example.index) - 97 : -1;
}

function isCorrect(example, system) {
  return verdict(example, system) === CORRECT;
}

function name(index) {
  return data.verdicts[index].replaceAll("_", " ");
}

function correctSystems(example) {
  return data.systems.filter((_, system) => isCorrect(example, system)).length;
}

/** All that is known of one system's output for an example; null where the system was not run there. */
function outcome(example, system) {
  const run = example.group.runs[system];
  if (!run) return null;
  const [number, cases, input, expected] = run.failed[example.index] ?? [0, 0, -1, -1];
  return {
    verdict: verdict(example, system),
    output: text(run.outputs[example.index]),
    detail: text(run.details[example.index]),
    failed: number ? { number, cases, input: text(input), expected: text(expected) } : null,
  };
}

// What the denoiser did to an output: the system, against the same one without the denoiser
const EFFECTS = {
  "": ["anything", () => true],
  changed: ["change the output", (changed) => changed],
  kept: ["leave it as it is", (changed) => !changed],
  repaired: ["make a wrong one right", (changed, before, after) => !before && after],
  spoilt: ["make a right one wrong", (changed, before, after) => before && !after],
};

function hasEffect(example, system, effect) {
  const before = data.systems[system]?.before ?? null;
  const [run, earlier] = [example.group.runs[system], before === null ? null : example.group.runs[before]];
  if (!run || !earlier) return false;
  const changed = run.outputs[example.index] !== earlier.outputs[example.index];
  return EFFECTS[effect][1](changed, isCorrect(example, before), isCorrect(example, system));
}

function hasVerdict(example, system, wanted) {
  const found = verdict(example, system);
  if (found < 0) return false;
  return wanted === "wrong" ? found !== CORRECT : data.verdicts[found] === wanted;
}

function hasKind(example, system, kind) {
  return example.group.runs[system]?.kinds[example.index] === kind;
}

// Search: each distinct text is looked at once, however many systems wrote it
const PLACES = {
  "": "everything",
  pseudocode: SOURCE,
  gold: "gold",
  outputs: "outputs of all systems",
  output: "output of the chosen system",
  messages: CHECKED ? "words of the checker" : "messages of compiler and run",
};
let foldedTexts = null;

function fold(words) {
  return words.toLowerCase().replace(/\s+/g, " ").trim();
}

function foldTexts() {
  foldedTexts ??= data.texts.map(fold);
}

/** A function that says whether an example matches the words in a place. */
function searcher(query, place, system) {
  const words = fold(query);
  if (!words) return () => true;
  foldTexts();
  const hits = new Uint8Array(foldedTexts.length);
  foldedTexts.forEach((each, index) => { hits[index] = each.includes(words) ? 1 : 0; });
  const inside = (column) => (example) => hits[example.group[column][example.index]] === 1;
  const within = (run, column, example) => run !== null && hits[run[column][example.index]] === 1;
  const [source, gold] = [inside("sources"), inside("references")];
  const output = (example) => example.group.runs.some((run) => within(run, "outputs", example));
  return {
    pseudocode: source,
    gold,
    outputs: output,
    output: (example) => within(example.group.runs[system] ?? null, "outputs", example),
    messages: (example) => example.group.runs.some((run) => within(run, "details", example)),
    "": (example) => source(example) || gold(example) || output(example) || example.id.toLowerCase() === words,
  }[place];
}

// Sort keys: ascending by default, ties in the order of the data
const SORTS = {
  "": ["order of the data", (example) => example.order],
  length: [`length of the ${SOURCE}`, (example) => text(example.group.sources[example.index])?.length ?? 0],
  program: ["length of gold", (example) => text(example.group.references[example.index])?.length ?? 0],
  right: ["number of systems that are right", correctSystems],
};

function sortKey(sort) {
  if (sort in SORTS) return SORTS[sort][1];
  const system = systemNamed(sort.replace(/^by /, ""));
  return (example) => verdict(example, system);
}

function systemNamed(wanted) {
  return data.systems.findIndex((system) => system.name === wanted);
}

/** The examples that a view shows, in its order; `view` has the fields of `DEFAULTS` in main.js. */
function select(view) {
  const system = systemNamed(view.system);
  const denoised = systemNamed(view.denoised);
  const [right, wrong] = [systemNamed(view.right), systemNamed(view.wrong)];
  const kind = data.kinds.indexOf(view.kind);
  const matches = searcher(view.query, view.where, system);
  const chosen = examples.filter((example) => inSets(example, view)
    && (!view.verdict || hasVerdict(example, system, view.verdict))
    && (!view.kind || hasKind(example, system, kind))
    && (!view.effect || hasEffect(example, denoised, view.effect))
    && (right < 0 || isCorrect(example, right))
    && (wrong < 0 || hasVerdict(example, wrong, "wrong"))
    && matches(example));
  const key = sortKey(view.sort);
  const keys = new Map(chosen.map((example) => [example, key(example)]));
  const sign = view.descending ? -1 : 1;
  return chosen.sort((a, b) => sign * (keys.get(a) - keys.get(b)) || a.order - b.order);
}

function inSets(example, view) {
  return (!view.split || example.group.split === view.split) && (!view.seed || String(example.group.seed) === view.seed);
}

/** Counts of each verdict: system -> split -> [counts], over the splits and seeds that a view shows. */
function countVerdicts(view) {
  return data.systems.map((_, system) => Object.fromEntries(ORDER.map((split) => {
    const counts = data.verdicts.map(() => 0);
    for (const group of data.groups) {
      const run = group.runs[system];
      if (!run || group.split !== split || (view.seed && String(group.seed) !== view.seed)) continue;
      for (const letter of run.verdicts) counts[letter.charCodeAt(0) - 97] += 1;
    }
    return [split, counts];
  })));
}
