"""Table and picture of a speed.json of the speed benchmark: ratios first, growth with length, batch and K."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import plots

Record = dict[str, Any]
RATIOS = {
    "composed_k1_over_cross_entropy": "a composed step with K = 1 over a cross-entropy step",
    "composed_k2_over_cross_entropy": "a composed step with K = 2 over a cross-entropy step",
    "greedy_over_fairseq_generator": "greedy decoding: speed over that of fairseq's SequenceGenerator, beam 1",
    "two_stages_over_fairseq_generator": "both stages: speed over that of SequenceGenerator, twice",
    "corruption_wait_share": "share of a denoiser's training spent waiting for corrupted programs, one worker",
    **{
        f"copying_over_plain_{what.replace(' ', '_')}_{length}": f"{title}, {length} tokens: copying over plain"
        for what, title in (
            ("step", "training step"),
            ("greedy decoding", "greedy decoding"),
            ("composed step", "composed step, both stages"),
        )
        for length in (100, 400)
    },
}
SHARES = {"corruption_wait_share"}
GROWTH = {"growth with length": "length", "growth with batch": "batch", "growth with samples": "name"}


def table(records: Iterable[Record]) -> list[str]:
    """Markdown rows of one group."""
    lines = ["| case | times the first | tokens a second | seconds a batch (fastest to slowest) |", "|---|---|---|---|"]
    for record in records:
        seconds = f"{record['seconds_median']:.3g} ({record['seconds_fastest']:.3g} to {record['seconds_slowest']:.3g})"
        where = "".join(f", {key} {record[key]}" for key in ("length", "batch") if key in record)
        ratio = f"{record['over_first']:.2f}" if "over_first" in record else ""
        speed = record.get("tokens_per_second") or f"{record['programs_per_second']} programs"
        lines.append(f"| {record['name']}{where} | {ratio} | {speed} | {seconds} |")
    return lines


def markdown(result: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
    lines = ["# Speed", "", f"Machine: {machine}.", "", "| ratio | |", "|---|---|"]
    for name, meaning in RATIOS.items():
        if name in result["ratios"]:
            value = result["ratios"][name]
            lines.append(f"| {meaning} | **{value:.1%}** |" if name in SHARES else f"| {meaning} | **{value:.2f}** |")
    groups = dict.fromkeys(record["group"] for record in result["records"])
    for group in groups:
        records = [record for record in result["records"] if record["group"] == group]
        lines += ["", f"## {group.capitalize()}", ""]
        if group == "peak memory":
            lines += ["| process | MB |", "|---|---|"]
            lines += [f"| {record['name']} | {record['bytes'] / 1e6:.0f} |" for record in records]
        else:
            lines += table(records)
    return "\n".join(lines) + "\n"


def picture(result: dict[str, Any], file: Path) -> None:
    plt = plots.pyplot()
    records = result["records"]
    shown = [group for group in GROWTH if any(record["group"] == group for record in records)]
    figure, axes = plt.subplots(1, 1 + len(shown), figsize=(5.5 + 4.5 * len(shown), 4.6), layout="constrained")
    axes = list(axes) if shown else [axes]
    steps = [record for record in records if record["group"] == "training step"]
    names = [
        record["name"].replace("composed ", "").replace(", --sample-dropout", ",\nsample dropout:") for record in steps
    ]
    axes[0].barh(names[::-1], [record["over_first"] for record in steps][::-1], color="#33658a")
    for place, record in enumerate(steps[::-1]):
        axes[0].text(record["over_first"], place, f" {record['over_first']:.2f}", va="center", fontsize=8)
    axes[0].set_title("training step, times cross-entropy")
    axes[0].set_xlim(0, max(record["over_first"] for record in steps) * 1.15)
    axes[0].tick_params(labelsize=8)
    for axis, group in zip(axes[1:], shown, strict=True):
        growth(axis, [record for record in records if record["group"] == group], group)
    plots.save(figure, file)


def growth(axis: Any, records: list[Record], group: str) -> None:
    """Ratio to the cross-entropy step of the same sizes."""
    if group == "growth with samples":
        pairs = [(int(r["name"].split("=")[1]), r["over_first"]) for r in records if "=" in r["name"]]
        axis.plot(*zip(*pairs, strict=True), marker="o", color="#33658a")
        axis.set_xlabel("samples a sentence, K (length 100)")
    else:
        key = GROWTH[group]
        for name, colour in (("composed K=1", "#33658a"), ("composed K=2", "#f26419")):
            points = [(record[key], record["over_first"]) for record in records if record["name"] == name]
            axis.plot(*zip(*points, strict=True), marker="o", color=colour, label=name)
        axis.set_xscale("log", base=2)
        axis.set_xticks([point[0] for point in points], [str(point[0]) for point in points])
        axis.set_xlabel("tokens a sentence" if key == "length" else "tokens a batch (length 100)")
        axis.legend(fontsize=8)
    axis.set_ylim(0)
    axis.grid(alpha=0.3)
    axis.set_title(f"{group}: times cross-entropy", fontsize=10)
