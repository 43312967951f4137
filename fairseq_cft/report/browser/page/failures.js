// The table of what goes wrong, by kind and system, and what denoising made right and wrong.

const MOST_KINDS = 10;

/** Fills both tables for the splits and seeds that `view` shows; `show(changes)` is called when a number is chosen. */
function showFailures(view, show) {
  const counts = data.systems.map(() => data.kinds.map(() => 0));
  const groups = data.groups.filter((group) => inSets({ group }, view));
  for (const group of groups) {
    group.runs.forEach((run, system) => run?.kinds.forEach((kind) => { if (kind >= 0) counts[system][kind] += 1; }));
  }
  const together = data.kinds.map((_, kind) => counts.reduce((sum, row) => sum + row[kind], 0));
  const present = data.kinds.map((_, kind) => kind).filter((kind) => together[kind]);
  const shown = present.sort((a, b) => together[b] - together[a]).slice(0, MOST_KINDS);
  const cell = (count, label, changes) => element("td", {}, ...(count
    ? [button(String(count), { class: "count", "aria-label": `${label}: ${count}, show them` }, () => show(changes))] : ["0"]));
  const rows = shown.map((kind) => element(
    "tr", {}, element("th", { scope: "row" }, data.kinds[kind]),
    ...data.systems.map((system, place) => cell(counts[place][kind], `${system.name}, ${data.kinds[kind]}`, {
      system: system.name, kind: data.kinds[kind], verdict: "",
    })),
  ));
  const rest = data.systems.map((_, place) => counts[place].reduce((a, b) => a + b, 0) - shown.reduce((sum, kind) => sum + counts[place][kind], 0));
  if (present.length > shown.length) {
    rows.push(element("tr", {}, element("th", { scope: "row" }, `others, ${present.length - shown.length} kinds`),
      ...rest.map((count) => element("td", {}, String(count)))));
  }
  const head = element("tr", {}, element("th", { scope: "col" }, "kind of failure"),
    ...data.systems.map((system) => element("th", { scope: "col", title: system.meaning }, breakable(system.name))));
  at("kinds").replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  showChanges(groups, cell, show);
}

function showChanges(groups, cell, show) {
  const rows = data.systems.filter((system) => system.before !== null).map((system) => {
    const place = systemNamed(system.name);
    const changed = (effect) => examples.filter((example) => groups.includes(example.group) && hasEffect(example, place, effect));
    const cells = ["repaired", "spoilt"].flatMap((effect) => {
      const found = changed(effect);
      const panes = { left: data.systems[system.before].name, rightPane: system.name };
      const first = found.slice(0, 1).map((example) => button(label(example), { class: "count" }, () => show({ ...panes, open: keyOf(example) })));
      const shown = { denoised: system.name, effect, verdict: "", kind: "" };
      return [cell(found.length, `${system.name}, ${EFFECTS[effect][0]}`, shown), element("td", {}, ...first)];
    });
    return element("tr", {}, element("th", { scope: "row", title: system.meaning }, breakable(system.name)), ...cells);
  });
  const head = ["denoised", "made right", "an example", "made wrong", "an example"].map((words) => element("th", { scope: "col" }, words));
  at("changes").replaceChildren(...(rows.length ? [element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)] : []));
}
