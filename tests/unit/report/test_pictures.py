"""The picture of a report: what is drawn, and that it can be read."""

import re
from pathlib import Path

import pytest
from script_runs import write_results

from fairseq_cft.report import pictures, plots
from fairseq_cft.report.results import read_results


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The figure of a report on two seeds, with curves of a training whose loss spans a factor of `span`."""

    def draw(span: float, seeds: tuple[int, ...] = (1, 2), rate: str = "exact"):
        log = tmp_path / "composed.log"
        log.write_text(
            "".join(
                f'valid | {{"epoch": {n}, "valid_composed_loss": "{0.13 * span ** (1 - n / 9)}", '
                f'"valid_base_loss": "0.13", "valid_{rate}": "{n}", "valid_num_updates": "{10 * n}"}}\n'
                for n in range(10)
            )
        )
        figures = []
        monkeypatch.setattr(pictures, "save", lambda figure, file: figures.append(figure))
        results = read_results([write_results(tmp_path / "results", "made", seeds)])
        pictures.draw(results, {"composed": log, "another of a long name": log}, Path("never.png"))
        (figure,) = figures
        figure.canvas.draw()
        return figure

    yield draw
    plots.pyplot().close("all")


@pytest.mark.parametrize("span", [1.5, 8, 90])
def test_losses_are_shown_in_plain_numbers(drawn, span):
    (losses,) = (axes for axes in drawn(span).axes if axes.get_title() == "validation loss")
    low, high = losses.get_ylim()
    shown = [
        label.get_text()
        for value, label in zip(losses.get_yticks(), losses.get_yticklabels(), strict=True)
        if low <= value <= high
    ]
    assert 2 <= len(shown) <= 14 and all(re.fullmatch(r"\d+(\.\d+)?", text) for text in shown)
    assert not [label.get_text() for label in losses.get_yticklabels(minor=True) if label.get_text()]


@pytest.mark.parametrize(("rate", "title"), pictures.RATES.items())
def test_the_rate_that_was_logged_is_drawn(drawn, rate, title):
    (axes,) = (axes for axes in drawn(8, rate=rate).axes if axes.get_title() == f"validation: {title}")
    assert [list(line.get_ydata()) for line in axes.lines] == [[*range(10)]] * 2


def test_legends_touch_no_axes(drawn):
    figure = drawn(8)
    legends = [legend for part in figure.subfigs for inner in (part, *part.subfigs) for legend in inner.legends]
    assert len(legends) == 2
    for legend in legends:
        box = legend.get_window_extent()
        assert not [axes.get_title() for axes in figure.axes if axes.get_tightbbox().overlaps(box)]


def test_each_of_several_seeds_is_a_point(drawn):
    """write_results: of 100 programs composed has 60 and 62 right with seeds 1 and 2, pretrained 40 and 42."""
    bars = drawn(8).axes[0]
    points = [sorted(round(float(y)) for y in line.get_ydata()) for line in bars.lines if line.get_marker() == "o"]
    assert sorted(points) == [[12, 14], [40, 42], [40, 42], [60, 62]]
    assert "points: the seeds" in bars.get_title()


def test_one_seed_has_no_points_and_says_so(drawn):
    bars = drawn(8, seeds=(1,)).axes[0]
    assert not [line for line in bars.lines if line.get_marker() == "o"] and "1 seed" in bars.get_title()
