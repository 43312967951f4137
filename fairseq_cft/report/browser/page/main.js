// The view (filters, order, open example) as one object that the address keeps, and what the keyboard and the mouse do to it.

const denoised = data.systems.filter((system) => system.before !== null);
const last = data.systems[data.systems.length - 1];
const composed = data.systems[systemNamed("composed")] ?? denoised[denoised.length - 1] ?? last;
const DEFAULTS = {
  query: "", where: "", split: "", seed: "", system: composed.name, verdict: "", denoised: (denoised.find((system) => system === composed) ?? denoised[0])?.name ?? "",
  effect: "", kind: "", right: "", wrong: "", sort: "", descending: "", open: "",
  left: data.systems[composed.before ?? 0].name, rightPane: composed.name, marks: "gold",
};
const FIELDS = ["query", "where", "split", "seed", "system", "verdict", "kind", "denoised", "effect", "right", "wrong", "sort", "marks"];

let view = { ...DEFAULTS };
let found = [];
let drawn = null; // the view that is on the screen

function keyOf(example) {
  return `${example.group.split}.${example.group.seed}.${example.index}`;
}

const byKey = new Map(examples.map((example) => [keyOf(example), example]));

function exampleOf(key) {
  return byKey.get(key) ?? null;
}

function addressOf(wanted) {
  const changed = Object.entries(wanted).filter(([key, value]) => value !== DEFAULTS[key]);
  return `#${new URLSearchParams(changed)}`;
}

function viewOf(address) {
  const given = Object.fromEntries(new URLSearchParams(address.replace(/^#/, "")));
  const known = Object.entries(given).filter(([key]) => key in DEFAULTS);
  return possible({ ...DEFAULTS, ...Object.fromEntries(known) });
}

/** An address may be old or typed by hand: what the page does not have falls back to the default. */
function possible(wanted) {
  const systems = data.systems.map((system) => system.name);
  const allowed = {
    where: Object.keys(PLACES), split: ["", ...ORDER], seed: ["", ...seeds.map(String)], system: systems,
    verdict: ["", "wrong", ...data.verdicts], kind: ["", ...data.kinds], denoised: ["", ...denoised.map((system) => system.name)], effect: Object.keys(EFFECTS),
    right: ["", ...systems], wrong: ["", ...systems], sort: [...Object.keys(SORTS), ...systems.map((each) => `by ${each}`)],
    descending: ["", "yes"], left: systems, rightPane: systems, marks: Object.keys(MARKS),
  };
  const made = { ...wanted };
  for (const [key, values] of Object.entries(allowed)) if (!values.includes(made[key])) made[key] = DEFAULTS[key];
  if (made.open && !exampleOf(made.open)) made.open = "";
  return made;
}

/** Changes the view; opening or closing an example is a step that the browser's Back undoes. */
function change(changes) {
  const next = { ...view, ...changes };
  const step = next.open !== view.open && !(next.open && view.open) ? "pushState" : "replaceState";
  try {
    history[step](null, "", addressOf(next));
  } catch { /* browsers limit how often: the next change will set the address */ }
  view = next;
  draw();
}

function draw() {
  const same = (keys) => drawn !== null && keys.every((key) => drawn[key] === view[key]);
  const filters = Object.keys(DEFAULTS).filter((key) => !["open", "left", "rightPane", "marks"].includes(key));
  const opened = view.open ? exampleOf(view.open) : null;
  for (const key of FIELDS) if (at(key).value !== view[key]) at(key).value = view[key];
  if (!same(["split", "seed"])) {
    showTotals(view, change);
    showFailures(view, change);
  }
  const before = drawn;
  const anew = !same(filters);
  drawn = { ...view };
  if (anew) {
    found = select(view);
    const all = examples.filter((example) => inSets(example, view)).length;
    at("found").textContent = `${found.length} of ${all} examples`;
    at("direction").setAttribute("aria-pressed", view.descending ? "true" : "false");
  }
  const leaving = before?.open && !opened;
  at("overview").hidden = Boolean(opened);
  at("example").hidden = !opened;
  if (opened) {
    list.wanted = opened;
    showExample(opened, view, found, change);
    if (before?.open !== view.open) {
      window.scrollTo(0, 0);
      at("name").focus({ preventScroll: true });
    }
    return;
  }
  if (anew || leaving || before === null) list.show(found, view);
  if (leaving) {
    window.scrollTo(0, scrolled);
    list.move(list.current);
  }
}

let scrolled = 0; // where the list was when an example was opened

function openExample(example) {
  if (!view.open) scrolled = window.scrollY;
  change({ open: keyOf(example) });
}

function step(by) {
  const place = found.indexOf(exampleOf(view.open)) + by;
  if (place >= 0 && place < found.length && found.includes(exampleOf(view.open))) openExample(found[place]);
}

const LIST_KEYS = {
  ArrowDown: () => list.move(list.current + 1),
  j: () => list.move(list.current + 1),
  ArrowUp: () => list.move(list.current - 1),
  k: () => list.move(list.current - 1),
  PageDown: () => list.move(list.current + list.page()),
  PageUp: () => list.move(list.current - list.page()),
  Home: () => list.move(0),
  End: () => list.move(list.examples.length - 1),
  Enter: () => { if (found[list.current]) openExample(found[list.current]); },
};
const EXAMPLE_KEYS = {
  Escape: () => change({ open: "" }),
  j: () => step(1),
  ArrowRight: () => step(1),
  k: () => step(-1),
  ArrowLeft: () => step(-1),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { tagName, id } = event.target;
  if (id === "query" && event.key === "Escape") {
    event.preventDefault();
    list.move(list.current);
    return;
  }
  if (id === "query" && (event.key === "Enter" || event.key === "ArrowDown")) {
    event.preventDefault();
    list.move(0);
    return;
  }
  if (tagName === "INPUT" || tagName === "SELECT") return;
  if (event.key === "/") {
    event.preventDefault();
    if (view.open) change({ open: "" });
    at("query").focus();
    at("query").select();
    return;
  }
  const inButton = ["BUTTON", "SUMMARY", "A"].includes(tagName);
  if (inButton && event.key === "Enter") return;
  const inCode = tagName === "PRE" && event.key.startsWith("Arrow"); // scrolls sideways
  const act = (view.open ? EXAMPLE_KEYS : LIST_KEYS)[event.key];
  if (!act || inCode) return;
  event.preventDefault();
  act();
}

function start() {
  const systems = data.systems.map((system) => [system.name, system.name]);
  const seen = data.verdicts.filter((_, index) => data.groups.some((group) => group.runs
    .some((run) => run?.verdicts.includes(String.fromCharCode(97 + index)))));
  fillSelect(at("where"), Object.entries(PLACES));
  fillSelect(at("split"), [["", "all"], ...ORDER.map((split) => [split, split])]);
  fillSelect(at("seed"), [["", "all"], ...seeds.map((seed) => [String(seed), String(seed)])]);
  fillSelect(at("system"), systems);
  fillSelect(at("verdict"), [["", "any"], ["wrong", "not correct"], ...seen.map((each) => [each, each.replaceAll("_", " ")])]);
  fillSelect(at("kind"), [["", "any"], ...[...data.kinds].sort().map((each) => [each, each])]);
  fillSelect(at("denoised"), denoised.map((system) => [system.name, system.name]));
  fillSelect(at("effect"), Object.entries(EFFECTS).map(([value, [label]]) => [value, label]));
  for (const id of ["right", "wrong"]) fillSelect(at(id), [["", "any"], ...systems]);
  fillSelect(at("sort"), [
    ...Object.entries(SORTS).map(([value, [label]]) => [value, label]),
    ...systems.map(([system]) => [`by ${system}`, `verdict of ${system}`]),
  ]);
  fillSelect(at("marks"), Object.entries(MARKS));
  if (CHECKED) {
    at("judged").replaceChildren(
      "A checker judged each output. ", element("b", {}, "Correct"), ": it is right. ", element("b", {}, "Compile error"), ": it is not valid.",
    );
    at("kinds-said").textContent = "";
    at("query").placeholder = "words of source or output, an id";
  }
  at("denoiser-part").hidden = !denoised.length;
  at("signatures").replaceChildren(...data.signatures.map((signature) => element("li", {}, signature.replaceAll("|", " | "))));
  at("more").open = window.matchMedia("(min-width: 701px)").matches;
  const longest = Math.max(...examples.map((example) => label(example).length)) + (seeds.length > 1 ? 7 : 0);
  at("list").style.setProperty("--id", `clamp(5rem, ${longest + 1}ch, 16rem)`);
  at("list").style.setProperty("--systems", data.systems.length);
  document.body.classList.toggle("dense", data.systems.length > 6);

  for (const id of FIELDS) at(id).addEventListener(id === "query" ? "input" : "change", () => change({ [id]: at(id).value }));
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("direction").addEventListener("click", () => change({ descending: view.descending ? "" : "yes" }));
  at("clear").addEventListener("click", () => change({ ...DEFAULTS, left: view.left, rightPane: view.rightPane, marks: view.marks }));
  at("back").addEventListener("click", () => change({ open: "" }));
  at("previous").addEventListener("click", () => step(-1));
  at("next").addEventListener("click", () => step(1));
  list.open = openExample;
  list.sortBy = (sort) => change({ sort, descending: view.sort === sort && !view.descending ? "yes" : "" });

  let waiting = false;
  window.addEventListener("scroll", () => {
    if (waiting || view.open) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (!view.open) list.draw();
    });
  }, { passive: true });
  window.addEventListener("resize", () => { if (!view.open) list.measure(); });
  window.addEventListener("popstate", () => { view = viewOf(location.hash); draw(); });
  document.addEventListener("keydown", onKey);
  view = viewOf(location.hash);
  draw();
  setTimeout(foldTexts, 200); // the first search finds them ready
}

start();
