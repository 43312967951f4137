"""What --tensorboard-logdir holds after a training: scalars, a histogram of rewards, examples as text."""

import html
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from commands import SMALL, composed_options, train
from fairseq.logging import progress_bar
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugin_util import markdown_to_safe_html

from fairseq_cft.modules import tensorboard as plugin_tensorboard
from fairseq_cft.modules.reward_histogram import BUCKETS, WIDTH, reward_counts
from fairseq_cft.modules.tensorboard import find_writer, write_example

pytestmark = pytest.mark.xdist_group("chain")

COMPOSED_SCALARS = {"loss", "base_loss", "composed_loss", "reward", "reward_std", "sample_length", "sample_exact"}
STAGE_SCALARS = {"exact", "base_exact", "changed"}


@pytest.fixture(autouse=True)
def no_open_writers(monkeypatch):
    monkeypatch.setattr(progress_bar, "_tensorboard_writers", {})  # fairseq keeps the first run's


def board(folder):
    return EventAccumulator(str(folder), size_guidance={"tensors": 0, "histograms": 0}).Reload()


def columns(event) -> dict[str, str]:
    """Title -> text of an example as TensorBoard's page shows it."""
    page = markdown_to_safe_html(event.tensor_proto.string_val[0].decode())
    titles = re.findall("<th>(.*?)</th>", page)
    texts = re.findall("<td><pre>(.*?)</pre></td>", page, re.DOTALL)
    return {html.unescape(title): html.unescape(text).rstrip("\n") for title, text in zip(titles, texts, strict=True)}


def examples(folder) -> dict[str, list[dict[str, str]]]:
    events = board(folder)
    tags = [tag for tag in events.Tags()["tensors"] if tag.startswith("examples/")]
    return {tag.split("/")[1]: [columns(event) for event in events.Tensors(tag)] for tag in tags}


@pytest.fixture(scope="module")
def composed_run(chain, tmp_path_factory):
    """Two epochs with TensorBoard, the same without it; the folder is whole when fairseq closes its writers."""
    folder = tmp_path_factory.mktemp("tensorboard")
    options = [*composed_options(chain), "--max-epoch", 2, "--seed", 3, "--batch-size-valid", 3]
    previous, progress_bar._tensorboard_writers = progress_bar._tensorboard_writers, {}
    train(chain.pairs, folder / "with", *options, "--tensorboard-logdir", folder / "board")
    progress_bar._close_writers()
    progress_bar._tensorboard_writers = previous
    train(chain.pairs, folder / "without", *options)
    return SimpleNamespace(folder=folder, board=folder / "board")


def test_scalars(composed_run):
    train_tags = set(board(composed_run.board / "train_inner").Tags()["scalars"])
    assert train_tags >= COMPOSED_SCALARS | {"gnorm", "lr"}
    valid = board(composed_run.board / "valid")
    assert set(valid.Tags()["scalars"]) >= COMPOSED_SCALARS | STAGE_SCALARS
    assert not any(tag.startswith("_") for tag in valid.Tags()["scalars"])
    assert len(valid.Scalars("composed_loss")) == 2


def test_one_file_of_events_a_folder(composed_run):
    files = list(composed_run.board.rglob("events*"))
    assert sorted(file.parent.name for file in files) == ["train", "train_inner", "valid"]


def test_histogram_of_rewards(composed_run):
    """All 10 validation pairs, and their mean and spread as logged: of all 10, not of each batch of 3."""
    valid = board(composed_run.board / "valid")
    histograms = valid.Histograms("rewards")
    assert [event.step for event in histograms] == [event.step for event in valid.Scalars("reward")]
    for event, mean, spread in zip(histograms, valid.Scalars("reward"), valid.Scalars("reward_std"), strict=True):
        found = event.histogram_value
        assert found.num == sum(found.bucket) == 10
        assert found.sum / 10 == pytest.approx(mean.value, abs=0.001)
        assert (found.sum_squares / 10 - (found.sum / 10) ** 2) ** 0.5 == pytest.approx(spread.value, abs=0.001)
        middles = np.array(found.bucket_limit) - WIDTH / 2
        assert np.average(middles, weights=found.bucket) == pytest.approx(mean.value, abs=WIDTH / 2)
        assert np.sqrt(np.cov(middles, fweights=found.bucket, ddof=0)) == pytest.approx(spread.value, abs=WIDTH)


def test_examples_are_the_same_pairs_at_each_validation(chain, composed_run):
    found = examples(composed_run.board / "valid")
    assert sorted(found) == ["1", "2", "3", "4"]
    gold = {line.replace(" $ ", "\n").strip() for line in (chain.data / "valid.tgt").read_text().splitlines()}
    for first, second in found.values():
        assert [title.split(" = ")[0] for title in first] == ["pseudocode", "base", "composed", "gold"]
        assert first["gold"] == second["gold"] and first["pseudocode"] == second["pseudocode"]
        assert first["gold"].strip() in gold
    assert len({each[0]["gold"] for each in found.values()}) == 4


def test_training_is_the_same_with_and_without_tensorboard(composed_run):
    with_, without = (
        torch.load(composed_run.folder / name / "checkpoint_last.pt", weights_only=True)["model"]
        for name in ("with", "without")
    )
    assert all(torch.equal(value, without[name]) for name, value in with_.items())


def test_a_plain_model_has_one_output(chain, tmp_path):
    train(
        chain.pairs, tmp_path, "--task", "pseudocode_to_code", "--arch", "transformer_cft_tiny", *SMALL,
        "--criterion", "cross_entropy", "--max-epoch", 1, "--tensorboard-logdir", tmp_path, "--tensorboard-examples", 2,
    )  # fmt: skip
    progress_bar._close_writers()
    found = examples(tmp_path / "valid")
    assert sorted(found) == ["1", "2"]
    assert list(found["1"][0]) == ["pseudocode", "output", "gold"]
    assert "rewards" not in board(tmp_path / "valid").Tags()["histograms"]


def test_no_crash_without_tensorboard(chain, tmp_path, monkeypatch):
    monkeypatch.setattr(progress_bar, "SummaryWriter", None)
    train(
        chain.pairs, tmp_path, *composed_options(chain), "--max-epoch", 1, "--no-save", "--tensorboard-logdir", tmp_path
    )
    assert not list(tmp_path.rglob("events*"))


def test_other_workers_write_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(plugin_tensorboard.distributed_utils, "get_global_rank", lambda: 1)
    assert find_writer(str(tmp_path), "valid") is None
    assert find_writer(None, "valid") is None


def test_a_program_comes_through_tensorboards_page_as_it_is():
    """Indents, blank lines, and what HTML or Markdown would take for markup."""
    program = 'int main() {\n  if (a < b && c > *d) {\n\n    cout << "<b>&amp;</b> `x` # |";\n  }\n}'
    written = []
    writer = SimpleNamespace(add_text=lambda tag, text, step: written.append((tag, text, step)))
    write_example(writer, 7, {"base": "x", "composed": program, "gold": program}, step=5)
    ((tag, text, step),) = written
    event = SimpleNamespace(tensor_proto=SimpleNamespace(string_val=[text.encode()]))
    assert (tag, step) == ("examples/7", 5)
    assert columns(event) == {"base": "x", "composed = gold": program, "gold": program}


def test_rewards_fall_into_buckets():
    counts = reward_counts(torch.tensor([[0.0, -0.4], [-0.5, -3.2], [-1e6, float("nan")]]))
    # from 0 downwards: [0, -0.5) twice, [-0.5, -1) once, [-3, -3.5) once; what is off the scale in the lowest
    assert {BUCKETS - 1 - int(bucket): int(counts[bucket]) for bucket in counts.nonzero()} == {
        0: 2, 1: 1, 6: 1, BUCKETS - 1: 2,
    }  # fmt: skip
