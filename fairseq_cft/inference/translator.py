"""A trained model as strings in, strings out: what ``fairseq_cft.load_model`` gives.

Legend: N sequences, S source length, T target length.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, overload

import torch
from fairseq.data import Dictionary
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..data.subwords import Subwords
from ..errors import UserError
from ..formats.table import PROGRAMS, PSEUDOCODE
from ..modules.batches import length_bounds, lengths_of
from ..modules.decoding import encode
from ..modules.decoding import translate as decode_greedily
from ..modules.scoring import copied_from, sequence_log_probs
from .beam_search import beam_search
from .config import ModelConfig
from .text import TextCodec

Format = Literal["line", "cpp"]
Stage = Literal["composed", "base"]
Several = list[str] | tuple[str, ...]  # a string is a sequence of strings, too


class UnknownTextWarning(UserWarning):
    """A part of an input is not in the model's dictionary."""


@dataclass(frozen=True)
class Translation:
    """One output and how it came about.

    ``base`` is what the denoiser read, the base predictor's output ŷ or in ``denoise`` the given program as it
    reads it, and ``output`` what it wrote; of a plain predictor ``base`` is None. ``base_score`` is log p_f(ŷ | x) and
    ``output_score`` log p_Π(output | base), or log p(output | x) of a plain predictor: natural logarithms, summed over
    the tokens and the end symbol. ``changed``: whether the denoiser wrote something else than it read. ``unknown``:
    parts of the input that the model never saw in training and reads as one unknown symbol. ``pieces`` holds, for a
    model that copies (of a composed one: a denoiser that does), each piece of the output with its end symbol, and the
    number of the piece that it was copied from, counted from 0 in what that stage read, or None where it was generated.
    """

    output: str
    output_score: float
    base: str | None = None
    base_score: float | None = None
    changed: bool = False
    unknown: tuple[str, ...] = ()
    pieces: tuple[tuple[str, int | None], ...] = ()

    @property
    def copied_share(self) -> float | None:
        """The share of the output's pieces that were copied, end symbol included; None without ``pieces``."""
        return sum(place is not None for _, place in self.pieces) / len(self.pieces) if self.pieces else None


class Translator:
    """A composed or plain model with its dictionary, subwords and formats; always in eval mode.

    ``model`` is the fairseq model itself, ``max_tokens`` the size of a batch, in tokens of its sources with padding.
    """

    max_tokens = 4000

    def __init__(self, model: Any, dictionary: Dictionary, subwords: Subwords | None, config: ModelConfig) -> None:
        self.model = model
        self.config = config
        self.codec = TextCodec(dictionary, subwords)
        self._pad, self._eos = dictionary.pad(), dictionary.eos()

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def to(self, *args: Any, **kwargs: Any) -> "Translator":
        """As ``torch.nn.Module.to``: a device, and on a GPU also a precision, say ``to("cuda", torch.float16)``."""
        self.model.to(*args, **kwargs)
        return self

    @property
    def is_composed(self) -> bool:
        return self.config.kind == "composed"

    # Translating ------------------------------------------------------------------------------------------------

    @overload
    def translate(
        self, pseudocode: str, beam: int = ..., *, format: Format = ..., trace: Literal[False] = ...
    ) -> str: ...
    @overload
    def translate(
        self, pseudocode: str, beam: int = ..., *, format: Format = ..., trace: Literal[True]
    ) -> Translation: ...
    @overload
    def translate(
        self, pseudocode: Several, beam: int = ..., *, format: Format = ..., trace: Literal[False] = ...
    ) -> list[str]: ...
    @overload
    def translate(
        self, pseudocode: Several, beam: int = ..., *, format: Format = ..., trace: Literal[True]
    ) -> list[Translation]: ...
    def translate(
        self, pseudocode: str | Several, beam: int = 1, *, format: Format = "line", trace: bool = False
    ) -> Any:
        """Programs for pseudocode: one for a string, a list in the same order for several.

        Args:
            pseudocode: the line format of the model's data, or indented text (``formats.table``). Blank
                pseudocode gives an empty program, and the model is not asked.
            beam: 1 decodes greedily; more is a beam search of fairseq's (of a composed model's second stage: ŷ is
                always greedy, as in training).
            format: "line", as the model wrote it, or "cpp", indented source text.
            trace: give a ``Translation`` instead of a string.

        Raises UserError for a denoiser, and where an input is longer than the model allows.
        """
        if self.config.kind == "denoiser":
            raise UserError("this model is a denoiser and translates no pseudocode; use denoise(program)")
        return self._outputs(pseudocode, beam, format, trace, first_stage=True)

    @overload
    def denoise(self, program: str, beam: int = ..., *, format: Format = ..., trace: Literal[False] = ...) -> str: ...
    @overload
    def denoise(self, program: str, beam: int = ..., *, format: Format = ..., trace: Literal[True]) -> Translation: ...
    @overload
    def denoise(
        self, program: Several, beam: int = ..., *, format: Format = ..., trace: Literal[False] = ...
    ) -> list[str]: ...
    @overload
    def denoise(
        self, program: Several, beam: int = ..., *, format: Format = ..., trace: Literal[True]
    ) -> list[Translation]: ...
    def denoise(self, program: str | Several, beam: int = 1, *, format: Format = "line", trace: bool = False) -> Any:
        """What the denoiser makes of programs, given in line format or as source text; otherwise as ``translate``.

        Every program is denoised, also where the model has a gate.
        """
        if self.config.kind == "translation":
            raise UserError("this model has no denoiser: it is a plain predictor; use translate(pseudocode)")
        return self._outputs(program, beam, format, trace, first_stage=False)

    def _outputs(self, given: str | Several, beam: int, format: Format, trace: bool, first_stage: bool) -> Any:
        if format not in ("line", "cpp"):
            raise UserError(f"format is '{format}'; it must be line or cpp")
        if beam < 1:
            raise UserError(f"beam is {beam}; it must be 1 (greedy) or more")
        texts = _as_list(given)
        lines = self._pseudocode_lines(texts) if first_stage else self._program_lines(texts)
        sources, unknown = self._encode(
            lines, "pseudocode" if first_stage else "program", self._source_limit(first_stage)
        )
        results = [Translation("", 0.0, "" if self.is_composed and first_stage else None, None)] * len(texts)
        for rows in batches([len(source) for source in sources], self.max_tokens):
            batch = self._pad_batch([sources[row] for row in rows])
            if first_stage and self.is_composed:
                made = self._composed(batch, beam, trace)
            else:
                made = self._plain(self.model.denoiser if self.is_composed else self.model, batch, beam, trace)
            for row, result in zip(rows, made, strict=True):
                results[row] = result
        if not first_stage:
            given_lines = map(self.codec.decode, sources)
            results = [replace(x, base=y, changed=x.output != y) for x, y in zip(results, given_lines, strict=True)]
        results = [replace(x, unknown=parts) for x, parts in zip(results, unknown, strict=True)]
        if format == "cpp":
            results = [self._as_cpp(result) for result in results]
        answers = results if trace else [result.output for result in results]
        return answers[0] if isinstance(given, str) else answers

    def _composed(self, source: Tensor, beam: int, trace: bool) -> Iterator[Translation]:
        model, bounds = self.model, self._bounds(source)
        base = model.decode_base(source, lengths_of(source, self._pad), bounds)
        output = self._decode(model.denoiser, base, bounds, beam)
        if model.gate is not None:
            output = model.encoder.choose(base, output)
        scores = base_scores = [0.0] * len(source)
        pieces: list[Any] = [()] * len(source)
        if trace:
            base_scores = self._log_probs(model.base_predictor, source, base)
            scores = self._log_probs(model.denoiser, base, output)
            pieces = self._pieces(model.denoiser, base, output)
        for first, second, base_score, score, each in zip(base, output, base_scores, scores, pieces, strict=True):
            base_text, text = self.codec.decode(first), self.codec.decode(second)
            yield Translation(text, score, base_text, base_score, text != base_text, pieces=each)

    def _plain(self, model: Any, source: Tensor, beam: int, trace: bool) -> Iterator[Translation]:
        output = self._decode(model, source, self._bounds(source), beam)
        scores = self._log_probs(model, source, output) if trace else [0.0] * len(source)
        pieces = self._pieces(model, source, output) if trace else [()] * len(source)
        for tokens, score, each in zip(output, scores, pieces, strict=True):
            yield Translation(self.codec.decode(tokens), score, pieces=each)

    @torch.no_grad()
    def _pieces(self, model: Any, source: Tensor, output: Tensor) -> list[tuple[tuple[str, int | None], ...]]:
        """What ``Translation`` says of pieces, of one of the stages: (N, S), (N, T) right-padded -> N."""
        if not hasattr(model.decoder, "copying"):
            return [()] * len(source)
        words, places = self.codec.dictionary, copied_from(model, encode(model, source), output).tolist()
        return [
            tuple(
                (words[token], None if place < 0 else place)
                for token, place in zip(row, found, strict=True)
                if token != self._pad
            )
            for row, found in zip(output.tolist(), places, strict=True)
        ]

    def _decode(self, model: Any, source: Tensor, bounds: Tensor, beam: int) -> Tensor:
        """Outputs of a plain model in at most (N,) tokens with the end symbol: (N, S) -> (N, T)."""
        if beam == 1:
            return decode_greedily(model, source, bounds, eos=self._eos, pad=self._pad)
        return self._pad_batch(beam_search(model, source, bounds, beam))

    def _bounds(self, source: Tensor) -> Tensor:
        """(N, S) -> (N,) bound on the outputs' lengths, in tokens with the end symbol."""
        lengths, config = lengths_of(source, self._pad), self.config
        return length_bounds(lengths, config.max_len_a, config.max_len_b, self._output_limit())

    # Scoring ----------------------------------------------------------------------------------------------------

    @overload
    def score(self, pseudocode: str, program: str, *, stage: Stage | None = ...) -> float: ...
    @overload
    def score(self, pseudocode: Several, program: Several, *, stage: Stage | None = ...) -> list[float]: ...
    def score(self, pseudocode: str | Several, program: str | Several, *, stage: Stage | None = None) -> Any:
        """The log-probability of a program given its pseudocode: natural logarithm, summed over its tokens and end.

        Of a composed model it is log p_Π(y | f(x)), f decoding greedily, or with ``stage="base"`` log p_f(y | x).
        For a denoiser give the corrupted program in place of pseudocode. Several pairs give a list.
        """
        if stage not in (None, "composed", "base") or (stage is not None and not self.is_composed):
            raise UserError(f"stage is '{stage}'; a composed model has the stages composed and base, others have none")
        one = isinstance(pseudocode, str)
        texts, targets = _as_list(pseudocode), _as_list(program)
        if one != isinstance(program, str) or len(texts) != len(targets):
            raise UserError("score takes one pseudocode and one program, or as many of one as of the other")
        is_denoiser = self.config.kind == "denoiser"
        lines = self._program_lines(texts) if is_denoiser else self._pseudocode_lines(texts)
        what = "corrupted program" if is_denoiser else "pseudocode"
        sources, _ = self._encode(lines, what, self._source_limit(True), blank=True)
        golds, _ = self._encode(self._program_lines(targets), "program", self._output_limit(), blank=True)
        scores = [0.0] * len(texts)
        for rows in batches([max(len(x), len(y)) for x, y in zip(sources, golds, strict=True)], self.max_tokens):
            source, gold = (self._pad_batch([side[row] for row in rows]) for side in (sources, golds))
            if not self.is_composed:
                found = self._log_probs(self.model, source, gold)
            elif stage == "base":
                found = self._log_probs(self.model.base_predictor, source, gold)
            else:
                base = self.model.decode_base(source, lengths_of(source, self._pad), self._bounds(source))
                found = self._log_probs(self.model.denoiser, base, gold)
            for row, score in zip(rows, found, strict=True):
                scores[row] = score
        return scores[0] if one else scores

    @torch.no_grad()
    def _log_probs(self, model: Any, source: Tensor, target: Tensor) -> list[float]:
        """log p(target | source) by one of the stages: (N, S), (N, T) right-padded -> N numbers."""
        return sequence_log_probs(model, encode(model, source), target).tolist()

    # Text and tokens --------------------------------------------------------------------------------------------

    def _pseudocode_lines(self, texts: list[str]) -> list[str]:
        return [PSEUDOCODE[self.config.pseudocode_format].encode(text) for text in texts]

    def _program_lines(self, texts: list[str]) -> list[str]:
        return [PROGRAMS[self.config.program_format].encode(text) for text in texts]

    def _as_cpp(self, result: Translation) -> Translation:
        def text(line: str) -> str:
            decoded = PROGRAMS[self.config.program_format].decode(line)
            return decoded if decoded.endswith("\n") or not line else f"{decoded}\n"

        return replace(result, output=text(result.output), base=None if result.base is None else text(result.base))

    def _source_limit(self, first_stage: bool) -> int:
        stage = self.model.denoiser if self.is_composed and not first_stage else self.model
        return stage.max_positions()[0]

    def _output_limit(self) -> int:
        return self.model.max_positions()[1]

    def _encode(
        self, lines: list[str], what: str, limit: int, blank: bool = False
    ) -> tuple[list[Tensor], list[tuple[str, ...]]]:
        """Token ids of each line (empty where the line is blank, unless ``blank``), and its unknown parts."""
        encoded, unknown = [], []
        for number, line in enumerate(lines, start=1):
            which = f"{what} {number}" if len(lines) > 1 else f"the {what}"
            tokens, parts = self.codec.encode(line, which)
            if len(tokens) > limit:
                raise UserError(
                    f"{which} is {len(tokens)} tokens long and the model takes {limit}; shorten it, or split it"
                )
            if parts:
                named = ", ".join(repr(part) for part in parts)
                text = f"{which} holds {named}, which the model never saw: it reads an unknown symbol"
                warnings.warn(text, UnknownTextWarning, stacklevel=4)
            encoded.append(tokens if line.strip() or blank else tokens[:0])
            unknown.append(parts)
        return encoded, unknown

    def _pad_batch(self, rows: list[Tensor]) -> Tensor:
        return pad_sequence(rows, batch_first=True, padding_value=self._pad).to(self.device)


def _as_list(texts: str | Several) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Indices grouped by length, at most ``max_tokens`` a group with padding, or one sequence; length 0 is left out."""
    order = sorted((index for index, length in enumerate(lengths) if length), key=lambda index: -lengths[index])
    group: list[int] = []
    for index in order:
        if group and (len(group) + 1) * lengths[group[0]] > max_tokens:
            yield group
            group = []
        group.append(index)
    if group:
        yield group
