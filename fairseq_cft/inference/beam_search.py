"""fairseq's beam search with a bound for each sentence.

Legend: N sentences, S source length, T target length.
"""

from typing import Any

from fairseq.sequence_generator import SequenceGenerator
from torch import Tensor


def beam_search(model: Any, source: Tensor, bounds: Tensor, beam: int) -> list[Tensor]:
    """The best output of each source, (N, S) right-padded, in at most (N,) tokens with the end symbol: N times (T,).

    fairseq knows one bound a batch, so that an output would depend on the others of its batch. Only a search that went
    beyond its own bound is done again, with those of the same bound.
    """
    words = model.decoder.dictionary

    def search(rows: list[int], bound: int) -> list[list[dict[str, Tensor]]]:
        longest = max(bound - 1, 1)  # fairseq does not count the end symbol, and refuses 0
        generator = SequenceGenerator([model], words, beam_size=beam, max_len_a=0, max_len_b=longest)
        lengths = source[rows].ne(words.pad()).sum(1)
        return generator.generate([model], {"net_input": {"src_tokens": source[rows], "src_lengths": lengths}})

    limits = bounds.tolist()
    found = search(list(range(len(limits))), max(limits))
    beyond = [row for row, limit in enumerate(limits) if any(len(each["tokens"]) > limit for each in found[row])]
    for limit in {limits[row] for row in beyond} - {max(limits)}:
        rows = [row for row in beyond if limits[row] == limit]
        for row, hypotheses in zip(rows, search(rows, limit), strict=True):
            found[row] = hypotheses
    return [hypotheses[0]["tokens"][:limit] for hypotheses, limit in zip(found, limits, strict=True)]
