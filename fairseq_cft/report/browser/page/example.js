// One example: pseudocode, two outputs and gold side by side, with what became of the outputs.

const MARKS = { gold: "what differs from gold", each: "what differs between the two outputs", none: "nothing" };

/** Shows an example; `view` names the systems on the left and on the right, `change(changes)` chooses others. */
function showExample(example, view, found, change) {
  const { split, seed } = example.group;
  const place = found.indexOf(example);
  at("name").textContent = `${split} · seed ${seed} · ${example.id}`;
  at("position").textContent = place < 0 ? "not in the list" : `${place + 1} of ${found.length}`;
  at("previous").disabled = place <= 0;
  at("next").disabled = place < 0 || place + 1 >= found.length;
  const [left, right] = [systemNamed(view.left), systemNamed(view.rightPane)];
  const [source, gold] = ["sources", "references"].map((each) => text(example.group[each][example.index]));
  const outputs = [left, right].map((system) => outcome(example, system)?.output ?? null);
  const others = { gold: [gold, gold, outputs[1]], each: [outputs[1], outputs[0], null], none: [null, null, null] }[view.marks];
  at("legend").textContent = {
    gold: "Underlined: not in gold (in gold: not in the output on the right). ‸: words are missing there; point at it to see them.",
    each: "Underlined: not in the other output. ‸: words of the other output are missing there; point at it to see them.",
    none: "",
  }[view.marks];
  at("chips").replaceChildren(...data.systems.map((system, index) => element("li", {}, chip(example, system, index, view, change))));
  at("panes").replaceChildren(
    pane(CHECKED ? "Source" : "Pseudocode", null, code(source, null)),
    outputPane(example, left, others[0], [source, gold], (chosen) => change({ left: chosen }), "left"),
    outputPane(example, right, others[1], [source, gold], (chosen) => change({ rightPane: chosen }), "right"),
    pane("Gold", null, code(gold, others[2])),
  );
}

function chip(example, system, index, view, change) {
  const place = { [view.left]: "left", [view.rightPane]: "right" }[system.name];
  return button("", { class: "chip", "aria-pressed": place ? "true" : "false", title: `${system.meaning}; choose to see it on the right` },
    () => change({ rightPane: system.name })).appendChild(element(
    "span", {}, `${system.name} `, badge(verdict(example, index)), place ? hidden(`, shown on the ${place}`) : null,
  )).parentElement;
}

function pane(title, extra, ...content) {
  return element("section", { class: "pane", "aria-label": title }, element("header", {}, element("h3", {}, title), extra), ...content);
}

function outputPane(example, system, other, panes, choose, side) {
  const select = element("select", { "aria-label": `system on the ${side}`, id: `choose-${side}` });
  fillSelect(select, data.systems.map((each) => [each.name, each.name]));
  select.value = data.systems[system].name;
  select.addEventListener("change", () => choose(select.value));
  const known = outcome(example, system);
  const header = element("header", {}, element("h3", {}, select), known ? badge(known.verdict) : null);
  const label = `Output of ${data.systems[system].name}`;
  const content = known ? [code(known.output, other), ...became(known, panes)] : [element("p", { class: "note" }, "not run on this split and seed")];
  return element("section", { class: "pane", "aria-label": label }, header, ...content);
}

/** A text with line numbers, its differences from `other` marked; `other` null: none. */
function code(source, other) {
  if (source === null) return element("p", { class: "note" }, "none");
  const lines = source.split("\n").length;
  const numbers = element("pre", { class: "numbers", "aria-hidden": "true" }, Array.from({ length: lines }, (_, i) => i + 1).join("\n"));
  const parts = other === null ? [source] : differences(source, other).map(marked);
  return element("div", { class: lines > 1 ? "code" : "code single" }, numbers, element("pre", { tabindex: 0 }, ...parts));
}

function marked({ text: words, kind }) {
  if (kind === "same") return words;
  if (kind === "extra") return element("ins", {}, words);
  return element("del", { title: `missing: ${words}` }, "‸", hidden(`missing: ${words} `));
}

/** The compiler's message, how a run ended, or the first failing case; of a checker, what it said and what it saw. */
function became(known, panes) {
  const verdictName = data.verdicts[known.verdict];
  if (known.verdict === CORRECT || known.verdict === MISSING) return [];
  if (CHECKED) {
    const saw = [["Input", known.failed?.input], ["Expected", known.failed?.expected]].filter(([, words]) => !panes.includes(words));
    return [...saw, ["The checker says", known.detail]].filter(([, words]) => words).map((each) => field(...each));
  }
  if (verdictName === "compile_error") return [compilerField(known.detail)];
  const made = [];
  const { failed } = known;
  if (failed) {
    made.push(element("p", { class: "note" }, `First failing case: ${failed.number} of ${failed.cases}`));
    if (failed.expected === null) made.push(element("p", { class: "note" }, "Its input was not kept: evaluate again to see it."));
    else made.push(field("Input", failed.input), field("Expected", failed.expected));
  }
  const printed = verdictName === "wrong_output";
  made.push(field(printed ? "Got" : "Ended by", known.detail));
  const squeezed = (words) => (words ?? "").replace(/\s+/g, "");
  if (printed && failed && squeezed(known.detail) === squeezed(failed.expected)) {
    const cut = known.detail?.endsWith("...");
    made.push(element("p", { class: "note" }, cut ? "They differ further on than what was kept." : "The two differ in white space alone."));
  }
  return made;
}

function field(label, content) {
  const shown = content ? element("pre", { tabindex: 0 }, content) : element("p", { class: "note" }, "nothing");
  return element("div", { class: "field" }, element("h4", {}, label), shown);
}

function compilerField(message) {
  const made = field("Compiler", message);
  if (message) made.lastChild.replaceWith(...paragraphs(message));
  return made;
}

/** Long lines are folded, but not where g++ quotes a line of the program and points at a place below it. */
function paragraphs(content) {
  return content.match(/(?:^ *\d* \|.*\n?)+|(?:^(?! *\d* \|).*\n?)+/gm).filter(Boolean).map((part) => element(
    "pre", { class: /^ *\d* \|/.test(part) ? "quoted" : null, tabindex: 0 }, part.replace(/\n$/, ""),
  ));
}
