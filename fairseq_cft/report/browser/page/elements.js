// Small helpers that make elements. Texts go in as text nodes only: programs are never read as HTML.

const at = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function button(label, attributes, act) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

/** A name that may be broken before its signs. */
function breakable(words) {
  const made = document.createDocumentFragment();
  words.split(/(?=[+:_])/).forEach((part, index) => made.append(...(index ? [element("wbr")] : []), part));
  return made;
}

function fillSelect(select, options) {
  select.replaceChildren(...options.map(([value, label]) => element("option", { value }, label)));
}

function hidden(words) {
  return element("span", { class: "unseen" }, words);
}

// One sign a verdict, so that no verdict is told by its colour alone
const SIGNS = {
  correct: "✓", wrong_output: "≠", runtime_error: "!", time_limit: "T", memory_limit: "M", output_limit: "O",
  compile_error: "C", compile_time_limit: "C", missing: "–", no_testcases: "?", infra_error: "?",
};

/** A verdict as a coloured mark with its sign and name; a dense list shows the sign alone. */
function badge(index) {
  if (index < 0) return element("span", { class: "badge none", title: "not run" }, hidden("not run"));
  const verdictName = data.verdicts[index];
  return element(
    "span", { class: `badge ${verdictName}`, title: name(index) },
    element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[verdictName]),
    element("span", { class: "word" }, name(index)),
  );
}
