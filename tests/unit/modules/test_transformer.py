"""The copying Transformer as fairseq sees it: training, generation of every kind, and what it refuses."""

import pytest
import torch
from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss
from fairseq.search import Sampling
from fairseq.sequence_generator import SequenceGenerator
from fairseq.sequence_scorer import SequenceScorer
from support import batch, build, dictionary, fake_task, shifted

from fairseq_cft.errors import UserError
from fairseq_cft.modules.batches import lengths_of, previous_tokens

SENTENCES = ["a b c", "h", "b b a c d e f g h a", "c d", "f e d c b a", "g", "a a a a a a a a a a a a a a", ""]
TARGETS = ["a b b c", "h h", "b a c d e f g h a", "", "f e c b a", "g a", "a a a a a a a", "d"]


def model_of(task, seed=0, **options):
    """Random weights, large enough that outputs differ and end."""
    model = build("transformer_cft_tiny", task, seed, copy_attention=True, **options).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.mul_(1.7)
            if "bias" in name and "copying" in name and parameter.dim() == 1 and parameter.numel() > 20:
                parameter.add_(torch.randn_like(parameter))
    return model


def inputs(task, left=True):
    source, target = batch(task, SENTENCES, left), batch(task, TARGETS)
    words = task.target_dictionary
    net_input = {
        "src_tokens": source,
        "src_lengths": lengths_of(source, words.pad()),
        "prev_output_tokens": previous_tokens(target, words.eos(), words.pad()),
    }
    return net_input, target


def generate(models, task, net_input, beam=1, **options):
    bound = {"max_len_a": 0, "max_len_b": 20}
    generator = SequenceGenerator(models, task.target_dictionary, beam_size=beam, **bound)
    source = {name: net_input[name] for name in ("src_tokens", "src_lengths")}
    return generator.generate(models, {"net_input": source}, **options)


def test_the_output_is_log_probabilities_and_a_softmax_leaves_it_as_it_is(task):
    model = model_of(task)
    net_input, _ = inputs(task)
    output = model(**net_input)
    torch.testing.assert_close(output[0].exp().sum(-1), torch.ones(output[0].shape[:2]))
    torch.testing.assert_close(model.get_normalized_probs(output, log_probs=True), output[0])


def test_either_side_of_padding_gives_the_same(task):
    model = model_of(task)
    (left, target), (right, _) = inputs(task, True), inputs(task, False)
    kept = target.ne(task.target_dictionary.pad())
    torch.testing.assert_close(model(**left)[0][kept], model(**right)[0][kept], rtol=1e-4, atol=1e-5)
    alone = model(
        torch.tensor([task.target_dictionary.encode_line(SENTENCES[0], add_if_not_exist=False).tolist()]),
        torch.tensor([4]),
        left["prev_output_tokens"][:1],
    )[0]
    torch.testing.assert_close(alone[0][kept[0]], model(**left)[0][0][kept[0]], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("left", [True, False])
def test_a_token_at_a_time_is_the_whole_output(task, left):
    """fairseq's incremental decoding against one pass over the whole target."""
    model = model_of(task)
    net_input, target = inputs(task, left)
    whole = model(**net_input)[0]
    encoder_out = model.encoder(net_input["src_tokens"], net_input["src_lengths"])
    state, previous = {}, net_input["prev_output_tokens"]
    for step in range(target.size(1)):
        found = model.decoder(previous[:, : step + 1], encoder_out=encoder_out, incremental_state=state)[0][:, 0]
        kept = target[:, step].ne(task.target_dictionary.pad())
        torch.testing.assert_close(found[kept], whole[:, step][kept], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pairing", ["copying", "two copying", "with a plain one"])
@pytest.mark.parametrize("beam", [1, 4])
def test_generated_scores_are_those_of_scoring_the_output(task, beam, pairing):
    """Beams are reordered at every step and finished sentences leave: the scores say whether that was right."""
    words = task.target_dictionary
    models = [model_of(task)]
    if pairing == "two copying":
        models.append(model_of(task, 3))
    if pairing == "with a plain one":
        models.append(build("transformer_cft_tiny", task, 2).eval())
    net_input, _ = inputs(task)
    for row, found in enumerate(generate(models, task, net_input, beam)):
        assert len(found) == beam
        for output in found:
            tokens = output["tokens"].unsqueeze(0)
            sample = {
                "net_input": {
                    "src_tokens": net_input["src_tokens"][row : row + 1],
                    "src_lengths": net_input["src_lengths"][row : row + 1],
                    "prev_output_tokens": previous_tokens(tokens, words.eos(), words.pad()),
                },
                "target": tokens,
            }
            scored = SequenceScorer(words).generate(models, sample)[0][0]
            torch.testing.assert_close(output["positional_scores"], scored["positional_scores"], rtol=1e-3, atol=1e-4)


def test_prefix_and_sampling(task):
    model = model_of(task)
    words = task.target_dictionary
    net_input, _ = inputs(task)
    prefix = batch(task, ["b a"] * len(SENTENCES))[:, :2]
    for found in generate([model], task, net_input, 3, prefix_tokens=prefix):
        assert all(output["tokens"][:2].tolist() == prefix[0].tolist() for output in found)
    torch.manual_seed(3)
    sampler = SequenceGenerator([model], words, beam_size=2, max_len_b=20, search_strategy=Sampling(words))
    source = {name: net_input[name] for name in ("src_tokens", "src_lengths")}
    assert all(len(found) == 2 for found in sampler.generate([model], {"net_input": source}))


def test_pieces_of_a_softmax_are_scored_as_the_whole(task):
    model = model_of(task)
    net_input, target = inputs(task)
    sample = {"net_input": net_input, "target": target}
    whole, pieces = (
        SequenceScorer(task.target_dictionary, softmax_batch=size).generate([model], dict(sample)) for size in (None, 5)
    )
    for one, other in zip(whole, pieces, strict=True):
        torch.testing.assert_close(one[0]["positional_scores"], other[0]["positional_scores"])


def test_everything_that_copies_is_trained(task):
    model = model_of(task).train()
    net_input, target = inputs(task)
    log_probs = model.get_normalized_probs(model(**net_input), log_probs=True)
    loss, _ = label_smoothed_nll_loss(log_probs.flatten(0, 1), target.flatten(), 0.1, ignore_index=1)
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if "copying" in name}
    assert len(gradients) == 9
    for name, gradient in gradients.items():
        if name != "decoder.copying.key.bias":  # the same for every place of the source
            assert gradient.abs().max() > 1e-4, name


def test_copy_dropout_trains_the_generating_half(task):
    """With nearly every sentence dropped, the loss is that of a plain model of the same weights."""
    model = model_of(task, copy_dropout=0.999, dropout=0.0).train()
    plain = build("transformer_cft_tiny", task, dropout=0.0).train()
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if "copying" not in k})
    net_input, _ = inputs(task)
    torch.manual_seed(0)
    torch.testing.assert_close(model(**net_input)[0], plain(**net_input)[0].log_softmax(-1))
    assert (model.eval()(**net_input)[0] - plain(**net_input)[0].log_softmax(-1)).abs().max() > 0.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_mixes_in_single(task, dtype):
    model = model_of(task)
    net_input, _ = inputs(task)
    whole = model(**net_input)[0]
    with torch.autocast("cpu", dtype=dtype):
        mixed = model(**net_input)[0]
    half = model.to(dtype)(**net_input)[0]
    assert mixed.dtype == half.dtype == torch.float32
    for found in (mixed, half):
        torch.testing.assert_close(found.exp().sum(-1), torch.ones(found.shape[:2]), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found.exp(), whole.exp(), rtol=0, atol=0.25)


# Refusals ------------------------------------------------------------------------------------------------------


def test_two_dictionaries_are_refused():
    task = fake_task()
    task.source_dictionary = dictionary("bacdefgh")
    with pytest.raises(UserError, match="--copy-attention needs one dictionary for source and target"):
        build("transformer_cft_tiny", task, copy_attention=True, share_all_embeddings=False)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_is_a_share(task, share):
    with pytest.raises(UserError, match="a share of sentences is at least 0 and below 1"):
        build("transformer_cft_tiny", task, copy_attention=True, copy_dropout=share)


def test_copy_dropout_without_copying_is_refused(task):
    with pytest.raises(UserError, match="without --copy-attention: nothing is copied"):
        build("transformer_cft_tiny", task, copy_dropout=0.5)


def test_sources_without_end_or_without_anything_are_refused(task):
    model = model_of(task)
    words = task.target_dictionary
    net_input, _ = inputs(task)
    source = net_input["src_tokens"]
    for broken, message in (
        (source.masked_fill(source.eq(words.eos()), words.unk()), "has no end symbol"),
        (source.index_fill(0, torch.tensor([2]), words.pad()), "is padding alone"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            model(**{**net_input, "src_tokens": broken})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("copying", [True, False])
def test_weights_of_the_other_kind_are_refused(task, copying):
    models = [build("transformer_cft_tiny", task, copy_attention=kind) for kind in (copying, not copying)]
    with pytest.raises(UserError, match=r"(add|drop) --copy-attention"):
        models[0].load_state_dict(models[1].state_dict())


def test_shifted_targets_of_the_tests_are_fairseqs(task):
    _, target = inputs(task)
    assert torch.equal(shifted(target, task), inputs(task)[0]["prev_output_tokens"])
