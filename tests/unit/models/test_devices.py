"""Nothing that is computed mixes two devices: every estimator, both stages, gate, and decoding by the GPU's schedule.

There is no GPU here: tensors of the model and of the batch are marked, marks follow the arithmetic on the CPU, and an
operation on a marked and an unmarked tensor raises, as it would between a GPU and the CPU. A tensor made without
``device=`` is unmarked.
"""

from typing import Any

import pytest
import torch
from support import batch, build, fake_task, save, shifted
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from fairseq_cft.criterions.composed_finetuning import ComposedFinetuningConfig, ComposedFinetuningCriterion
from fairseq_cft.modules import decoding
from fairseq_cft.modules.gate import put_gate

MADE_FROM_NOTHING = {
    torch.arange, torch.empty, torch.eye, torch.full, torch.ones, torch.rand, torch.randn, torch.tensor, torch.zeros,
}  # fmt: skip
MAY_BE_ON_THE_CPU = ("aten.index.", "aten.index_put", "aten._index_put")  # their indices


class Marks(TorchDispatchMode):
    """Which tensors are on the pretended GPU, and the check of each operation."""

    def __init__(self) -> None:
        super().__init__()
        self.marked = WeakTensorKeyDictionary()  # tensor -> bool; what is unknown goes with either

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = [leaf for leaf in tree_leaves((args, kwargs or {})) if torch.is_tensor(leaf)]
        marks = {self.marked.get(tensor) for tensor in given if tensor.dim() > 0} - {None}
        if len(marks) > 1 and not str(function).startswith(MAY_BE_ON_THE_CPU):
            raise RuntimeError(f"{function} on two devices: {[(tuple(t.shape), self.marked.get(t)) for t in given]}")
        out = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if torch.is_tensor(tensor) and marks:
                self.marked[tensor] = True in marks
        return out


class Placing(TorchFunctionMode):
    """Marks what a call places: by ``device=``, or by ``.to(other)``."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self.marks = marks

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        if function in MADE_FROM_NOTHING:
            self.marks.marked[out] = (kwargs or {}).get("device") is not None
        elif function in (torch.Tensor.to, torch.Tensor.type_as) and torch.is_tensor(args[1]):
            self.marks.marked[out] = self.marks.marked.get(args[1])
        return out


def run(model: Any, step: Any, *tensors: Any) -> Any:
    """What ``step()`` gives, with the model and the tensors marked."""
    marks = Marks()
    placed = [*model.parameters(), *model.buffers(), *tensors]
    for module in model.modules():  # what fairseq keeps beside parameters and moves by itself
        placed += [value for value in vars(module).values() if torch.is_tensor(value)]
    for tensor in placed:
        marks.marked[tensor] = True
    with Placing(marks), marks:
        return step()


@pytest.fixture(scope="module")
def task() -> Any:
    return fake_task()


@pytest.fixture(autouse=True)
def schedule_of_a_gpu(monkeypatch):
    monkeypatch.setitem(decoding.SCHEDULES, "cpu", decoding.SCHEDULES["cuda"])


@pytest.fixture(params=[False, True], ids=["plain", "copying"])
def model(request, task, tmp_path):
    path = save(build("transformer_cft_tiny", task, 1, copy_attention=request.param), tmp_path / "denoiser.pt")
    options = {"base_predictor_path": "random", "copy_attention": request.param}
    return build("composed_transformer_tiny", task, 2, denoiser_path=path, dropout=0.1, **options)


def sample_of(task: Any) -> tuple[dict[str, Any], list[torch.Tensor]]:
    source, target = batch(task, ["a b c", "h", "b b a c d"], left=True), batch(task, ["c b a", "a a", "d"])
    lengths, previous = source.ne(1).sum(1), shifted(target, task)
    net_input = {"src_tokens": source, "src_lengths": lengths, "prev_output_tokens": previous}
    return {"net_input": net_input, "target": target, "ntokens": 9}, [source, target, lengths, previous]


@pytest.mark.parametrize("estimator", ["reinforce", "rloo", "self_critical", "gumbel"])
@pytest.mark.parametrize("training", [True, False])
def test_forward_loss_and_backward(task, model, estimator, training):
    sample, tensors = sample_of(task)
    config = ComposedFinetuningConfig(gradient_estimator=estimator, num_samples=2, sentence_avg=False)
    criterion = ComposedFinetuningCriterion(config, task)
    model.train(training)

    def step() -> Any:
        with torch.set_grad_enabled(training):
            loss, _, _ = criterion(model, sample)
            if training:
                loss.backward()
        return loss

    assert run(model, step, *tensors).isfinite()


@pytest.mark.parametrize("gated", [False, True])
def test_both_stages_decode(task, model, gated):
    if gated:
        width = model.denoiser.encoder.embed_tokens.embedding_dim
        put_gate(model, {"embed_dim": width, "hidden_dim": 4}, 0.5)
    sample, tensors = sample_of(task)
    source, previous = sample["net_input"]["src_tokens"], sample["net_input"]["prev_output_tokens"]
    lengths = sample["net_input"]["src_lengths"]
    model.eval()

    def step() -> Any:
        base = model.decode_base(source, lengths)
        encoder_out = model.encoder(source, src_lengths=lengths)
        model.encoder.reorder_encoder_out(encoder_out, torch.arange(len(source), device=source.device))
        logits, _ = model.decoder(previous, encoder_out=encoder_out)
        return model.denoise(base), logits

    denoised, logits = run(model, step, *tensors)
    assert len(denoised) == len(source) == len(logits)


def test_two_devices_are_seen(task, model):
    sample, tensors = sample_of(task)
    source = sample["net_input"]["src_tokens"]
    with pytest.raises(RuntimeError, match="on two devices"):
        run(model, lambda: source + torch.zeros(source.shape, dtype=torch.long), *tensors)
    run(model, lambda: source + torch.zeros(source.shape, dtype=torch.long, device=source.device), *tensors)
