// The list of examples: only the rows that can be seen are in the document.

const SPARE_ROWS = 8; // above and below what can be seen, so that quick scrolling shows no blanks

const list = {
  examples: [],
  made: new Map(), // place -> row in the document
  current: 0, // place of the row that the keyboard is at
  wanted: null, // its example, which stays the current one when the list changes, if it is still there
  open: () => {},
  sortBy: () => {},

  show(found, view) {
    this.examples = found;
    this.view = view;
    this.current = Math.max(0, found.indexOf(this.wanted));
    at("list").setAttribute("aria-rowcount", found.length + 1);
    at("list").setAttribute("aria-colcount", data.systems.length + 2);
    this.head();
    this.measure();
  },

  head() {
    const header = (words, sort, place, attributes = {}) => {
      const sorted = this.view.sort === sort;
      const direction = this.view.descending ? "descending" : "ascending";
      return element(
        "span",
        { role: "columnheader", "aria-colindex": place, "aria-sort": sorted ? direction : "none", ...attributes },
        button(breakable(words), { tabindex: -1 }, () => this.sortBy(sort)),
      );
    };
    at("head").setAttribute("aria-rowindex", 1);
    at("head").replaceChildren(
      header("example", "", 1, { class: "id" }),
      header(SOURCE, "length", 2, { class: "source" }),
      ...data.systems.map((system, index) => header(system.name, `by ${system.name}`, index + 3, {
        class: "verdict", title: system.meaning,
      })),
    );
  },

  rowHeight() {
    return parseFloat(getComputedStyle(at("list")).getPropertyValue("--row"));
  },

  /** Makes all rows anew: other examples, or another height of the rows. */
  measure() {
    this.made.clear();
    at("rows").replaceChildren();
    at("rows").style.height = `${this.examples.length * this.rowHeight()}px`;
    this.draw();
  },

  /** Puts the rows around what can be seen into the document; only those that come into sight are made. */
  draw() {
    const rows = at("rows");
    const height = this.rowHeight();
    const above = Math.max(0, -rows.getBoundingClientRect().top);
    const first = Math.max(0, Math.floor(above / height) - SPARE_ROWS);
    const last = Math.min(this.examples.length, Math.ceil((above + window.innerHeight) / height) + SPARE_ROWS);
    for (const [place, row] of this.made) {
      if (place >= first && place < last) continue;
      row.remove();
      this.made.delete(place);
    }
    const added = document.createDocumentFragment();
    for (let place = first; place < last; place += 1) {
      if (this.made.has(place)) continue;
      this.made.set(place, this.row(this.examples[place], place));
      added.append(this.made.get(place));
    }
    rows.append(added);
    this.mark();
  },

  row(example, place) {
    const { seed, sources } = example.group;
    const source = text(sources[example.index]) ?? "";
    const cells = [
      element("span", { role: "gridcell", class: "id" }, link(example, label(example), seeds.length > 1 ? seed : null)),
      element("span", { role: "gridcell", class: "source" }, source.slice(0, 300).replaceAll("\n", " / ")),
      ...data.systems.map((_, system) => element("span", { role: "gridcell", class: "verdict" }, badge(verdict(example, system)))),
    ];
    const row = element("div", { role: "row", id: `row-${place}`, "aria-rowindex": place + 2 }, ...cells);
    row.style.top = `${place * this.rowHeight()}px`;
    row.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab, by the link
      event.preventDefault();
      this.open(example);
    });
    return row;
  },

  mark() {
    for (const row of at("rows").children) row.classList.toggle("current", row.id === `row-${this.current}`);
    const made = document.getElementById(`row-${this.current}`);
    if (made) at("list").setAttribute("aria-activedescendant", made.id);
    else at("list").removeAttribute("aria-activedescendant");
  },

  /** Moves the keyboard's row, and scrolls so that it can be seen. */
  move(place) {
    if (!this.examples.length) return;
    this.current = Math.max(0, Math.min(place, this.examples.length - 1));
    this.wanted = this.examples[this.current];
    const height = this.rowHeight();
    const top = at("rows").getBoundingClientRect().top + this.current * height;
    const covered = at("head").getBoundingClientRect().height;
    if (top < covered) window.scrollBy(0, top - covered);
    else if (top + height > window.innerHeight) window.scrollBy(0, top + height - window.innerHeight);
    this.draw();
    at("list").focus({ preventScroll: true });
  },

  page() {
    return Math.max(1, Math.floor(window.innerHeight / this.rowHeight()) - 2);
  },
};

function label(example) {
  return `${example.group.split} ${example.id}`;
}

/** A link that opens an example, also in a new tab. */
function link(example, words, seed) {
  const made = element("a", { tabindex: -1, href: addressOf({ ...view, open: keyOf(example) }) }, words);
  if (seed !== null) made.append(element("span", { class: "seed" }, ` seed ${seed}`));
  return made;
}
