"""Two processes with half a batch each give the gradient of one process with the whole batch."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]

# Samples are drawn greedily here: two processes cannot draw what one draws, and the gradients are what is compared.
WORKER = """
import sys
from pathlib import Path
from types import SimpleNamespace
import torch
import torch.distributed as dist
from fairseq.distributed import utils as distributed
sys.path.insert(0, "tests")
from support import batch, build, fake_task, model_args, save, shifted
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.logging import metrics
from fairseq_cft.criterions.composed_finetuning import MEAN_SQUARE, ComposedFinetuningConfig
from fairseq_cft.criterions.composed_finetuning import ComposedFinetuningCriterion
from fairseq_cft.modules import decoding

rank, world, folder, wrapper, estimator = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:6]
torch.set_num_threads(1)
decoding._draw = lambda logits: logits.argmax(-1)
if world > 1:
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=world)

task = fake_task()
copying = {"copy_attention": sys.argv[6] == "copying"}
path = save(build("transformer_cft_tiny", task, seed=1, **copying), folder / f"denoiser{rank}.pt")
args = model_args("composed_transformer_tiny", denoiser_path=path, base_predictor_path="random", dropout=0.0,
    **copying)
torch.manual_seed(2)
model = ARCH_MODEL_REGISTRY[args.arch].build_model(args, task).train()
config = ComposedFinetuningConfig(gradient_estimator=estimator, num_samples=1, sentence_avg=True)
criterion = ComposedFinetuningCriterion(config, task)
metrics.log_scalar(MEAN_SQUARE, 4.0)

sources, targets = ["a b c", "h g", "b b a", "d e"], ["c b", "a a a", "d e f", "b"]
mine = slice(rank * len(sources) // world, (rank + 1) * len(sources) // world)
source, target = batch(task, sources[mine]), batch(task, targets[mine])
sample = {"target": target, "ntokens": 1, "net_input": {
    "src_tokens": source, "src_lengths": source.ne(1).sum(1), "prev_output_tokens": shifted(target, task)}}

if world == 1:
    wrapped, scale = model, 1
elif wrapper == "pytorch_ddp":  # averages over the processes
    wrapped, scale = torch.nn.parallel.DistributedDataParallel(model), world
else:
    from fairseq.distributed import LegacyDistributedDataParallel
    group = dist.new_group(list(range(world)))
    wrapped, scale = LegacyDistributedDataParallel(model, process_group=group), world
wrapped.train()
loss, _, _ = criterion(wrapped, sample)
loss.backward()
if wrapper == "legacy_ddp" and world > 1:
    wrapped.all_reduce_grads()
if rank == 0:
    torch.save({n: p.grad * scale for n, p in model.named_parameters() if p.requires_grad}, folder / f"{world}.pt")
if world > 1:  # a process that leaves while gloo's threads of the other still talk to it aborts it
    dist.barrier()
    dist.destroy_process_group()
"""


def run(folder: Path, world: int, wrapper: str, estimator: str, kind: str) -> dict[str, torch.Tensor]:
    command = [sys.executable, "-c", WORKER]
    workers = [
        subprocess.Popen([*command, str(rank), str(world), str(folder), wrapper, estimator, kind], cwd=ROOT)
        for rank in range(world)
    ]
    assert [worker.wait(timeout=120) for worker in workers] == [0] * world
    return torch.load(folder / f"{world}.pt")


@pytest.mark.parametrize(
    ("wrapper", "estimator", "kind"),
    [
        ("pytorch_ddp", "reinforce", "plain"),
        ("legacy_ddp", "reinforce", "plain"),
        ("pytorch_ddp", "reinforce", "copying"),
    ],
)
def test_two_processes_give_the_gradient_of_one(tmp_path, wrapper, estimator, kind):
    one, two = run(tmp_path, 1, wrapper, estimator, kind), run(tmp_path, 2, wrapper, estimator, kind)
    assert one.keys() == two.keys() and all(name.startswith("base_predictor.") for name in one)
    assert max(gradient.abs().max() for gradient in one.values()) > 0.01
    for name, gradient in one.items():
        torch.testing.assert_close(two[name], gradient, rtol=1e-4, atol=1e-5, msg=name)
