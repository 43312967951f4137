"""Measures training steps, decoding, data and evaluation side by side; benchmark-speed prepares what it needs.

The result has "ratios", which say it all, and "records", each a case with its median, fastest and slowest repeat.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from fairseq import utils
from fairseq.sequence_generator import SequenceGenerator

from ..modules.decoding import decode, translate
from . import timing
from .stages import CFT
from .timing import Batch, Timing, artificial_batch, batches_of, steps, target_tokens, trainer_of

COMPOSED_STEPS = {
    "composed K=1, reinforce": ("--num-samples", "1", "--gradient-estimator", "reinforce"),
    "composed K=1, reinforce, --sample-dropout encoder": (
        *("--num-samples", "1", "--gradient-estimator", "reinforce", "--sample-dropout", "encoder"),
    ),
    "composed K=1, self_critical": ("--num-samples", "1", "--gradient-estimator", "self_critical"),
    "composed K=1, gumbel": ("--num-samples", "1", "--gradient-estimator", "gumbel"),
    "composed K=2, rloo": ("--num-samples", "2", "--gradient-estimator", "rloo"),
    "composed K=2, rloo, --sample-dropout encoder": (
        *("--num-samples", "2", "--gradient-estimator", "rloo", "--sample-dropout", "encoder"),
    ),
    "composed K=4, rloo": ("--num-samples", "4", "--gradient-estimator", "rloo"),
}
LENGTHS, BATCHES, COPIES = (50, 100, 200, 400), (1000, 2000, 4000, 8000), (1, 2, 4, 8)
LONGEST_OUTPUT = 200  # fairseq's default


class Benchmark:
    def __init__(self, options: argparse.Namespace) -> None:
        self.folder: Path = options.folder
        self.device, self.repeats = options.device, options.repeats
        self.shape = tuple(options.shape)
        self.max_tokens, self.count = options.max_tokens, options.batches
        self.pairs, self.programs = self.folder / "data-bin/pairs", self.folder / "data-bin/programs"
        self.predictor = self.folder / "models/direct.1/checkpoint_best.pt"
        self.denoiser = self.folder / "models/denoiser/checkpoint_best.pt"
        self.wait: Callable[[], None] = torch.cuda.synchronize if self.device == "cuda" else lambda: None
        self.records: list[dict[str, Any]] = []
        self.ratios: dict[str, float] = {}

    # Cases ------------------------------------------------------------------------------------------------------

    def plain(self, *more: str) -> Any:
        return trainer_of(
            *(self.pairs, "pseudocode_to_code", self.device, "--arch", "transformer_cft_tiny", *self.shape),
            *("--criterion", "cross_entropy", "--finetune-from-model", str(self.predictor), *more),
        )

    def composed(self, *more: str, base: str | None = None, denoiser: Path | None = None) -> Any:
        start = (
            "--base-predictor-path",
            base or str(self.predictor),
            "--denoiser-path",
            str(denoiser or self.denoiser),
        )
        sizes = self.shape if base == "random" else ()
        trainer = trainer_of(
            *(self.pairs, "pseudocode_to_code", self.device, "--arch", "composed_transformer", *sizes, *start),
            *("--criterion", "composed_finetuning", *more),
        )
        if base == "random":  # behind the end symbol it would most likely write the same again, and end
            words = trainer.task.target_dictionary
            trainer.get_model().base_predictor.decoder.embed_tokens.weight.data[words.eos()] = 0
        return trainer

    def training_steps(self) -> None:
        """From trained weights, on real pairs: what a user's training does."""
        plain = self.plain()
        batches = batches_of(plain, self.max_tokens, self.count)
        cases = {"cross-entropy": steps(plain, batches)}
        cases |= {name: steps(self.composed(*more), batches) for name, more in COMPOSED_STEPS.items()}
        found = self.measure("training step", cases, tokens=target_tokens(batches), per=len(batches))
        for copies, name in ((1, "composed K=1, reinforce"), (2, "composed K=2, rloo")):
            self.ratios[f"composed_k{copies}_over_cross_entropy"] = found[name].median / found["cross-entropy"].median

    def decoding(self) -> None:
        """Greedy against fairseq's generator on the same sentences and weights; sampling."""
        trainer = self.composed()
        batches = batches_of(trainer, self.max_tokens, self.count)
        batches = [utils.move_to_cuda(batch) if self.device == "cuda" else batch for batch in batches]
        model = trainer.get_model().eval()
        words, base = trainer.task.target_dictionary, model.base_predictor
        generator = SequenceGenerator([base], words, beam_size=1, max_len_a=0, max_len_b=LONGEST_OUTPUT - 1)
        ends = {"eos": words.eos(), "pad": words.pad()}

        def bounds(batch: Batch) -> torch.Tensor:
            return torch.full_like(batch["net_input"]["src_lengths"], LONGEST_OUTPUT)

        def greedy() -> list[torch.Tensor]:
            return [translate(base, x["net_input"]["src_tokens"], bounds(x), **ends) for x in batches]

        def stock() -> list[Any]:
            return [generator.generate([base], x) for x in batches]

        def sampled() -> None:
            for batch in batches:
                source = {name: batch["net_input"][name] for name in ("src_tokens", "src_lengths")}
                with torch.no_grad():
                    states = base.encoder(**source)
                decode(base.decoder, states, bounds(batch), sample=True, **ends)

        tokens = sum(int(rows.ne(words.pad()).sum()) for rows in greedy())
        cases: Mapping[str, Callable[[], object]] = {
            "fairseq's SequenceGenerator, beam 1": stock,
            "greedy": greedy,
            "sampling, K=1": sampled,
        }
        found = self.measure("decoding", cases, tokens=tokens, per=len(batches))
        stock_time, ours = found["fairseq's SequenceGenerator, beam 1"].median, found["greedy"].median
        self.ratios["greedy_over_fairseq_generator"] = stock_time / ours

        second = SequenceGenerator([model.denoiser], words, beam_size=1, max_len_a=0, max_len_b=LONGEST_OUTPUT - 1)

        def stock_twice() -> None:
            for rows in stock():
                outputs = [each[0]["tokens"] for each in rows]
                padded = torch.nn.utils.rnn.pad_sequence(outputs, batch_first=True, padding_value=words.pad())
                lengths = padded.ne(words.pad()).sum(1)
                second.generate([model.denoiser], {"net_input": {"src_tokens": padded, "src_lengths": lengths}})

        def ours_twice() -> None:
            for rows in greedy():
                model.denoise(rows, rows.ne(words.pad()).sum(1) + 50)

        both = {"SequenceGenerator, twice": stock_twice, "decode_base, then denoise": ours_twice}
        found = self.measure("two-stage generation", both, tokens=tokens, per=len(batches))
        first, last = found.values()
        self.ratios["two_stages_over_fairseq_generator"] = first.median / last.median

    def corruption(self) -> None:
        """Share of a denoiser's training that waits for data: programs corrupted and cut by one worker beside it."""
        model = str(self.folder / "data/bpe.model")
        trainer = trainer_of(
            *(self.programs, "code_denoising", self.device, "--arch", "transformer_cft_tiny", *self.shape),
            *("--criterion", "cross_entropy", "--noise", "synthetic", "--subword-model", model),
        )
        trainer.task.load_dataset("train")
        iterator = trainer.task.get_batch_iterator(
            trainer.task.dataset("train"), max_tokens=self.max_tokens, seed=1, num_workers=1, data_buffer_size=10
        )
        epoch = iterator.next_epoch_itr(shuffle=True).take(5 + 10 * self.count)  # no more are made than are read
        first = min(5, len(epoch) - 1)  # those before wait for the worker to start
        waited, worked, tokens = [], [], 0
        began = time.perf_counter()
        for number, batch in enumerate(epoch):
            arrived = time.perf_counter()
            trainer.train_step([batch])
            self.wait()
            ended = time.perf_counter()
            if number >= first:
                waited.append(arrived - began)
                worked.append(ended - arrived)
                tokens += int(batch["ntokens"])
            began = ended
        share = sum(waited) / (sum(waited) + sum(worked))
        self.ratios["corruption_wait_share"] = share
        record = Timing(tuple(worked)).record("denoiser's step, programs corrupted on the fly by one worker")
        record |= {"group": "corruption", "wait_share": round(share, 4)}
        self.add(record | {"tokens_per_second": round(tokens / (sum(waited) + sum(worked)))})

    def growth(self) -> None:
        """Random weights, nearly all samples as long as the target: how a step grows with length, batch and K."""
        plain = self.plain()
        bound = ("--sample-max-len-a", "1", "--sample-max-len-b", "0")
        composed = {
            copies: self.composed(
                *("--num-samples", str(copies), "--gradient-estimator", "reinforce", *bound), base="random"
            )
            for copies in COPIES
        }
        for group, points in (
            ("length", [(length, self.max_tokens, (1, 2)) for length in LENGTHS]),
            ("batch", [(100, tokens, (1, 2)) for tokens in BATCHES]),
            ("samples", [(100, self.max_tokens, COPIES)]),
        ):
            for length, tokens, copies in points:
                batch = [artificial_batch(plain.task, max(tokens // length, 1), length)]
                cases = {"cross-entropy": steps(plain, batch)}
                cases |= {f"composed K={k}": steps(composed[k], batch) for k in copies}
                self.measure(f"growth with {group}", cases, tokens=target_tokens(batch), length=length, batch=tokens)

    def copying(self) -> None:
        """Random weights, all of one length: what --copy-attention adds to a step, to decoding, to a composed step."""
        kinds = {"plain": (), "copying": ("--copy-attention",)}
        of_random = (self.pairs, "pseudocode_to_code", self.device, "--arch", "transformer_cft_tiny", *self.shape)
        trainers = {kind: trainer_of(*of_random, "--criterion", "cross_entropy", *more) for kind, more in kinds.items()}
        words = trainers["plain"].task.target_dictionary
        ends = {"eos": words.unk(), "pad": words.pad()}
        for kind, trainer in trainers.items():  # an end that neither writes, its logit being 0: outputs of one length
            trainer.get_model().decoder.embed_tokens.weight.data[words.unk()] = 0
            trainer.consolidate_optimizer()
            trainer.save_checkpoint(str(self.random(kind)), {})

        bound = ("--sample-max-len-a", "1", "--sample-max-len-b", "0", "--num-samples", "1")
        reinforce = ("--gradient-estimator", "reinforce", *bound)
        composed = {
            f"{f} f, {denoiser} denoiser": self.composed(
                *reinforce, *kinds[f], base="random", denoiser=self.random(denoiser)
            )
            for f in kinds
            for denoiser in kinds
        }

        def greedy(kind: str, source: torch.Tensor) -> Callable[[], torch.Tensor]:
            model, bounds = trainers[kind].get_model(), torch.full((len(source),), source.size(1)).to(source)
            return lambda: translate(model.eval(), source, bounds, **ends)

        for length in (100, 400):
            batch = artificial_batch(trainers["plain"].task, max(self.max_tokens // length, 1), length)
            source = batch["net_input"]["src_tokens"].to(self.device)
            decoders = {kind: greedy(kind, source) for kind in kinds}
            written = min(int(decoders[kind]().ne(words.pad()).sum()) for kind in kinds)
            groups: dict[str, tuple[Mapping[str, Callable[[], object]], int]] = {
                "step": ({kind: steps(trainer, [batch]) for kind, trainer in trainers.items()}, batch["ntokens"]),
                "greedy decoding": (decoders, written),
                "composed step": ({pair: steps(each, [batch]) for pair, each in composed.items()}, batch["ntokens"]),
            }
            for group, (cases, tokens) in groups.items():
                found = [*self.measure(f"copying: {group}", cases, tokens=tokens, length=length).values()]
                name = f"copying_over_plain_{group.replace(' ', '_')}_{length}"
                self.ratios[name] = found[-1].median / found[0].median

    def random(self, kind: str) -> Path:
        """Where a model of random weights is kept."""
        return self.folder / f"random.{kind}.pt"

    def preprocessing(self) -> None:
        """Programs a second: corrupting to files and evaluating, with one process and with all cores."""
        lines = (self.folder / "data/unlabeled.tgt").read_text().splitlines(keepends=True)[:4000]
        sample = self.folder / "sample"
        sample.mkdir(exist_ok=True)
        (sample / "some.tgt").write_text("".join(lines))
        for name in ("tgt", "inp", "out"):
            whole = (self.folder / f"data/test.{name}").read_text().splitlines(keepends=True)
            (sample / f"test.{name}").write_text("".join(whole[:40]))
        made = ("--output-prefix", sample / "corrupt", "--noise", "cpp", "--copies", 1, "--compiler", "none")
        corrupt = ("corrupt", "--input", sample / "some.tgt", "--seed", 1, *made)
        cases_of = ("--inputs", sample / "test.inp", "--expected", sample / "test.out")
        evaluate = ("evaluate", "--programs", sample / "test.tgt", *cases_of, "--allow-unsafe", "--quiet")
        jobs = sorted({1, os.cpu_count() or 1})
        for group, command, count in (("preprocessing", corrupt, len(lines)), ("evaluation", evaluate, 40)):
            cases = {f"{group}, {n} processes": partial(printed_by, *command, "--jobs", n) for n in jobs}
            self.measure(group, cases, programs=count)

    def memory(self) -> None:
        """Peak of a process that makes two steps of one kind."""
        cases = {"cross-entropy": (), **{f"composed K={k}": ("--num-samples", str(k)) for k in (1, 2, 4)}}
        for name, more in cases.items():
            how = ("--folder", self.folder, "--device", self.device, "--max-tokens", self.max_tokens)
            printed = printed_by("measure-speed", *how, "--peak-of", " ".join(more) or "plain", "--", *self.shape)
            self.add({"group": "peak memory", "name": name, "bytes": int(printed.split()[-1])})

    def peak_of(self, what: str) -> int:
        more = (*what.split(), "--gradient-estimator", "reinforce")
        trainer = self.plain() if what == "plain" else self.composed(*more)
        steps(trainer, batches_of(trainer, self.max_tokens, 2))()
        return timing.peak_memory(self.device)

    # Records ----------------------------------------------------------------------------------------------------

    def measure(
        self, group: str, cases: Mapping[str, Callable[[], object]], tokens: int = 0, per: int = 1, **more: Any
    ) -> dict[str, Timing]:
        """Times the cases of a group; seconds a batch where a case runs ``per`` of them."""
        found = timing.side_by_side(cases, self.repeats, self.wait)
        first = next(iter(found.values()))
        for name, measured in found.items():
            each = Timing(tuple(seconds / per for seconds in measured.seconds))
            record = {"group": group, **each.record(name, **more)}
            record["over_first"] = round(measured.median / first.median, 3)
            if tokens:
                record["tokens_per_second"] = round(tokens / measured.median)
            if "programs" in more:
                record["programs_per_second"] = round(more["programs"] / measured.median, 1)
            self.add(record)
        return found

    def result(self) -> dict[str, Any]:
        """What was measured so far."""
        ratios = {name: round(value, 3) for name, value in self.ratios.items()}
        return {"ratios": ratios, "machine": machine(self.device), "records": self.records}

    def add(self, record: dict[str, Any]) -> None:
        self.records.append(record)
        print(json.dumps(record), flush=True)


def printed_by(*words: object) -> str:
    """What one of our own commands prints, run by this interpreter."""
    command = [sys.executable, *CFT[1:], *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def machine(device: str) -> dict[str, Any]:
    """What it was measured on."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    found = {"processor": names[0] if names else platform.machine(), "cores": os.cpu_count()}
    if device == "cuda":
        found["gpu"] = torch.cuda.get_device_name()
    versions = {"torch": torch.__version__, "python": platform.python_version()}
    return {**found, "threads": torch.get_num_threads(), **versions}
