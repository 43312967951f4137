// The table of counts at the top.

/** Fills the table for the splits and seeds that `view` shows; `show(changes)` is called when a number is chosen. */
function showTotals(view, show) {
  const splits = ORDER.filter((split) => !view.split || split === view.split);
  const totals = countVerdicts(view);
  const shown = data.verdicts.map((_, index) => index)
    .filter((index) => index === CORRECT || totals.some((counts) => splits.some((split) => counts[split][index])));
  const titles = element("tr", {}, element("th", { scope: "col", rowspan: 2 }, "system"));
  const columns = element("tr");
  for (const split of splits) {
    const meaning = data.splits[split] ? `: ${data.splits[split]}` : "";
    titles.append(element("th", { scope: "colgroup", colspan: shown.length + 1, class: "first" }, `${split}${meaning}`));
    columns.append(
      element("th", { scope: "col", class: "first" }, "n"),
      ...shown.map((index) => element("th", { scope: "col" }, name(index))),
    );
  }
  const body = element("tbody", {}, ...data.systems.map((system, place) => element(
    "tr", {},
    element("th", { scope: "row", title: system.meaning }, breakable(system.name)),
    ...splits.flatMap((split) => {
      const counts = totals[place][split];
      const n = counts.reduce((sum, count) => sum + count, 0);
      return [
        element("td", { class: "first" }, n ? String(n) : ""),
        ...shown.map((index) => element("td", {}, ...countCell(n, counts[index], index, () => show({
          split, system: system.name, verdict: data.verdicts[index], kind: "",
        }), `${system.name}, ${split}, ${name(index)}`))),
      ];
    }),
  )));
  at("totals").replaceChildren(element("thead", {}, titles, columns), body);
}

function countCell(n, count, index, act, label) {
  if (!n) return [];
  const shown = count ? button(String(count), { class: "count", "aria-label": `${label}: ${count}, show them` }, act) : "0";
  const rate = element("span", { class: "rate" }, `${(100 * count / n).toFixed(1)} %`);
  return index === CORRECT ? [shown, " ", rate] : [shown];
}
