"""The composed model's contracts: one registration, a frozen denoiser, a self-contained checkpoint, clear refusals."""

import copy
from argparse import Namespace

import pytest
import torch
from fairseq import checkpoint_utils
from fairseq.models import ARCH_MODEL_REGISTRY
from support import PlainTask, batch, build, fake_task, model_args, save, shifted

from fairseq_cft.errors import UserError
from fairseq_cft.models.composed_transformer import composed_architecture
from fairseq_cft.modules.decoding import translate
from fairseq_cft.modules.denoiser import _UNUSED_TENSORS
from fairseq_cft.modules.scoring import ComposedRequest

SENTENCES = ["a b c", "h", "b b a c d"]
TARGETS = ["c b", "a a a a", "d"]


def composed(task, denoiser_path, seed=0, **options):
    torch.manual_seed(seed)
    args = model_args("composed_transformer_tiny", denoiser_path=denoiser_path, **options)
    return ARCH_MODEL_REGISTRY[args.arch].build_model(args, task)


def inputs(task):
    source, target = batch(task, SENTENCES, left=True), batch(task, TARGETS)
    lengths = source.ne(task.target_dictionary.pad()).sum(1)
    return {"src_tokens": source, "src_lengths": lengths, "prev_output_tokens": shifted(target, task)}, target


def weights(model):
    """The tensors that a model computes with; the others are fairseq's placeholders, most of them 0.12.2's."""
    unused = {*_UNUSED_TENSORS, "version", "_float_tensor"}
    return {name: value for name, value in model.state_dict().items() if name.rsplit(".", 1)[-1] not in unused}


def test_every_parameter_is_registered_once(task, denoiser_path):
    model = composed(task, denoiser_path)
    names = list(model.state_dict())
    assert all(name.startswith(("base_predictor.", "denoiser.")) for name in names)
    assert len({id(p) for p in model.parameters()}) == len(list(model.parameters()))
    plain = sum(p.numel() for p in build("transformer_cft_tiny", task).parameters())
    assert sum(p.numel() for p in model.parameters()) == 2 * plain


def test_denoiser_stays_in_eval_mode(task, denoiser_path):
    model = composed(task, denoiser_path)
    model.train()
    assert not any(module.training for module in model.denoiser.modules())
    assert model.base_predictor.training


def test_no_parameter_of_the_denoiser_asks_for_a_gradient(task, denoiser_path):
    model = composed(task, denoiser_path)
    assert not any(parameter.requires_grad for parameter in model.denoiser.parameters())
    assert all(parameter.requires_grad for parameter in model.base_predictor.parameters())


def test_only_the_base_predictor_learns(task, denoiser_path):
    model = composed(task, denoiser_path).train()
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    net_input, target = inputs(task)
    for _ in range(3):
        logits, extra = model(**net_input, request=ComposedRequest(target, num_samples=2))
        terms = extra["composed"]
        loss = -logits.log_softmax(-1).gather(-1, target[..., None]).sum()
        (loss + (terms.costs * terms.log_probs).sum()).backward()
        optimizer.step()
    for name, value in weights(model).items():
        if name.startswith("denoiser."):
            assert torch.equal(value, before[name]), name
        elif not name.endswith("k_proj.bias"):  # a key bias changes no attention: its gradient is 0
            assert not torch.equal(value, before[name]), name


def test_base_predictor_starts_from_the_denoiser_by_default(task, denoiser_path):
    model = composed(task, denoiser_path)
    base, denoiser = weights(model.base_predictor), weights(model.denoiser)
    assert all(torch.equal(base[name], denoiser[name]) for name in base)


def test_base_predictor_from_another_checkpoint(task, denoiser_path, tmp_path):
    other = build("transformer_cft_tiny", task, seed=7)
    model = composed(task, denoiser_path, base_predictor_path=save(other, tmp_path / "other.pt"))
    base = weights(model.base_predictor)
    assert all(torch.equal(base[name], value) for name, value in weights(other).items())


def test_a_composed_checkpoint_stands_for_its_own_stages(task, denoiser_path, tmp_path):
    sizes = {"encoder_layers": 1, "decoder_layers": 1}
    first = composed(task, denoiser_path, base_predictor_path="random", **sizes)
    path = save(first, tmp_path / "composed.pt")
    again = composed(task, path, base_predictor_path=path, **sizes)
    for name, value in weights(first).items():
        assert torch.equal(weights(again)[name], value), name


def test_random_base_predictor_may_be_smaller(task, denoiser_path):
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_embed_dim": 8, "decoder_embed_dim": 8}
    model = composed(task, denoiser_path, base_predictor_path="random", **sizes)
    assert len(model.base_predictor.decoder.layers) == 1 and len(model.denoiser.decoder.layers) == 2
    assert model.base_predictor.decoder.embed_tokens.embedding_dim == 8


@pytest.mark.parametrize(
    ("asked", "widths"),
    [
        ({"encoder_embed_dim": 8}, (8, 8)),
        ({"decoder_embed_dim": 8}, (8, 8)),
        ({"encoder_embed_dim": 8, "decoder_embed_dim": 12}, (8, 12)),
    ],
)
def test_a_random_base_predictor_may_be_of_two_widths(task, denoiser_path, asked, widths):
    options = {"denoiser_path": denoiser_path, "base_predictor_path": "random"}
    args = Namespace(arch="composed_transformer", **options, **asked)
    composed_architecture(args)
    model = ARCH_MODEL_REGISTRY[args.arch].build_model(args, task)
    base = model.base_predictor
    assert (base.encoder.embed_tokens.embedding_dim, base.decoder.embed_tokens.embedding_dim) == widths
    net_input, target = inputs(task)
    assert model(**net_input, request=ComposedRequest(target, num_samples=2))[1]["composed"].log_probs.isfinite().all()
    again = ARCH_MODEL_REGISTRY[args.arch].build_model(model.args, task)  # as a checkpoint is loaded
    again.load_state_dict(model.state_dict())


def test_the_denoisers_numbers_outlive_half_precision(task, denoiser_path):
    model = composed(task, denoiser_path)
    before = {name: value.clone() for name, value in model.denoiser.state_dict().items()}
    for cast in (model.half, model.bfloat16):
        cast()
        assert next(model.denoiser.parameters()).dtype != torch.float32
        for state, prefix in ((copy.deepcopy(model).state_dict(), "denoiser."), (model.denoiser.state_dict(), "")):
            assert all(torch.equal(state[prefix + name], value) for name, value in before.items())


def test_composition_is_the_two_stages_by_hand(task, denoiser_path):
    model = composed(task, denoiser_path, base_predictor_path="random", seed=4).eval()
    words = task.target_dictionary
    net_input, target = inputs(task)
    bounds = torch.tensor([6, 6, 6])
    base = translate(model.base_predictor, net_input["src_tokens"], bounds, eos=words.eos(), pad=words.pad())
    by_hand = model.denoiser.encoder(base, src_lengths=base.ne(words.pad()).sum(1))
    model.args.base_max_len_a, model.args.base_max_len_b = 0, 6
    composed_out = model.encoder(net_input["src_tokens"], src_lengths=net_input["src_lengths"])
    assert torch.equal(composed_out["encoder_out"][0], by_hand["encoder_out"][0])
    assert model.decoder.decoder is model.denoiser.decoder
    # and the cost of the greedy output is the denoiser's loss on it
    _, extra = model(**net_input, request=ComposedRequest(target, num_samples=0))
    terms = extra["composed"]
    logits, _ = model.denoiser(terms.tokens, terms.tokens.ne(words.pad()).sum(1), net_input["prev_output_tokens"])
    gold = logits.log_softmax(-1).gather(-1, target[..., None])[..., 0].masked_fill(target.eq(words.pad()), 0)
    torch.testing.assert_close(terms.costs[:, 0], -gold.sum(1))


def test_output_stage_base_is_the_base_predictor(task, denoiser_path):
    model = composed(task, denoiser_path, output_stage="base")
    assert model.encoder is model.base_predictor.encoder and model.decoder is model.base_predictor.decoder


def test_a_source_padded_on_either_side_gives_the_same_terms(task, denoiser_path):
    model = composed(task, denoiser_path).eval()
    net_input, target = inputs(task)
    right = {**net_input, "src_tokens": batch(task, SENTENCES, left=False)}
    left_terms, right_terms = (model(**x, request=ComposedRequest(target))[1]["composed"] for x in (net_input, right))
    assert torch.equal(left_terms.tokens, right_terms.tokens)
    torch.testing.assert_close(left_terms.costs, right_terms.costs)


def test_sample_log_probs_are_those_of_the_sampling_distribution(task, denoiser_path):
    """Dropout of 0.5 in training mode must not touch samples or their log-probabilities."""
    model = composed(task, denoiser_path, dropout=0.5).train()
    net_input, target = inputs(task)
    bounds = torch.tensor([5, 5, 5])
    _, extra = model(**net_input, request=ComposedRequest(target, num_samples=3, max_lengths=bounds))
    terms = extra["composed"]
    assert terms.tokens.size(0) == 9 and terms.tokens.size(1) <= 5
    base, words = model.base_predictor.eval(), task.target_dictionary
    for row in range(9):
        sample = terms.tokens[row][terms.tokens[row].ne(words.pad())]
        source = net_input["src_tokens"][row // 3 : row // 3 + 1]
        previous = torch.cat([torch.tensor([words.eos()]), sample[:-1]])[None]
        logits, _ = base(source, torch.tensor([source.size(1)]), previous)
        logits[..., words.pad()] = -torch.inf
        by_hand = logits[0].log_softmax(-1).gather(1, sample[:, None]).sum()
        torch.testing.assert_close(terms.log_probs.flatten()[row], by_hand, rtol=1e-4, atol=1e-4)
    assert terms.log_probs.requires_grad and not terms.costs.requires_grad


def test_a_bound_of_no_token_leaves_room_for_one(task, denoiser_path):
    """--sample-max-len-a 0.5 --sample-max-len-b 0, and a target of the end symbol alone."""
    net_input, target = inputs(task)
    model = composed(task, denoiser_path)
    _, extra = model(**net_input, request=ComposedRequest(target, num_samples=2, max_lengths=torch.zeros(3).long()))
    terms = extra["composed"]
    assert terms.tokens.shape == (6, 1)
    assert terms.log_probs.isfinite().all()


def test_relaxed_costs_are_the_costs_with_a_gradient_through_the_denoiser(task, denoiser_path):
    model = composed(task, denoiser_path, dropout=0.5).train()
    net_input, target = inputs(task)
    _, extra = model(**net_input, request=ComposedRequest(target, num_samples=2, gumbel_temperature=1.0))
    terms = extra["composed"]
    torch.testing.assert_close(
        terms.costs.flatten(), model.denoiser_costs(terms.tokens, target.repeat_interleave(2, 0).unsqueeze(1))[:, 0]
    )
    assert torch.equal(terms.costs, terms.relaxed_costs) and not terms.costs.requires_grad
    terms.relaxed_costs.sum().backward()
    assert model.base_predictor.decoder.layers[0].fc1.weight.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in model.denoiser.parameters())


def test_checkpoint_is_self_contained(task, denoiser_path, tmp_path):
    model = composed(task, denoiser_path, seed=2).eval()
    path = save(model, tmp_path / "composed.pt")
    (tmp_path / "denoiser.pt").unlink()
    (loaded,), _, _ = checkpoint_utils.load_model_ensemble_and_task([path], task=PlainTask(task))
    for name, value in weights(model).items():
        assert torch.equal(weights(loaded)[name], value), name


def test_generation_options_override_a_checkpoint(task, denoiser_path, tmp_path):
    path = save(composed(task, denoiser_path), tmp_path / "composed.pt")
    (loaded,), _, _ = checkpoint_utils.load_model_ensemble_and_task(
        [path], {"output_stage": "base"}, task=PlainTask(task)
    )
    assert loaded.decoder is loaded.base_predictor.decoder


def test_a_model_whose_weights_were_never_loaded_says_so(task, denoiser_path, tmp_path):
    model = composed(task, denoiser_path)
    again = ARCH_MODEL_REGISTRY["composed_transformer_tiny"].build_model(model.args, task)
    net_input, _ = inputs(task)
    with pytest.raises(UserError, match="weights were not loaded"):
        again(**net_input)


# Refusals ------------------------------------------------------------------------------------------------------


def refusal(task, **options) -> str:
    with pytest.raises(UserError) as caught:
        composed(task, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_no_denoiser(task):
    assert "needs --denoiser-path" in refusal(task, denoiser_path=None)


def test_denoiser_that_is_no_file(task, tmp_path):
    assert "does not exist" in refusal(task, denoiser_path=str(tmp_path / "nothing.pt"))


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"PK\x03\x04 cut off"])
def test_denoiser_that_is_no_checkpoint(task, tmp_path, content):
    path = tmp_path / "text.pt"
    path.write_bytes(content)
    assert f"{path} is no readable fairseq checkpoint" in refusal(task, denoiser_path=str(path))


def test_denoiser_that_is_another_torch_file(task, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"weight": torch.ones(3)}, path)
    assert "no fairseq checkpoint" in refusal(task, denoiser_path=str(path))


def test_checkpoint_that_would_run_code_is_refused(task, tmp_path):
    path = tmp_path / "evil.pt"
    torch.save({"model": {}, "cfg": Evil(tmp_path / "ran")}, path)
    assert "no readable fairseq checkpoint" in refusal(task, denoiser_path=str(path))
    assert not (tmp_path / "ran").exists()


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).touch, (self.path,)


def test_dictionary_of_another_size(task, denoiser_path):
    message = refusal(fake_task("abcdefghi"), denoiser_path=denoiser_path)
    assert "another dictionary" in message and "12 symbols" in message and "13 symbols" in message


def test_composed_checkpoint_on_data_with_another_dictionary(task, denoiser_path, tmp_path):
    path = save(composed(task, denoiser_path), tmp_path / "composed.pt")
    with pytest.raises(UserError, match="the composed checkpoint was trained with another dictionary"):
        checkpoint_utils.load_model_ensemble_and_task([path], task=PlainTask(fake_task("bacdefgh")))


def test_dictionary_in_another_order(task, denoiser_path):
    message = refusal(fake_task("bacdefgh"), denoiser_path=denoiser_path)
    assert "another dictionary" in message and message.count("12 symbols, sha256") == 2


def test_stock_transformer_of_another_dictionary_size(task, tmp_path):
    """A checkpoint without our fingerprint, whose data are gone, is at least checked by size."""
    model = build("transformer", task, share_all_embeddings=True)
    path = save(model, tmp_path / "stock.pt")
    assert composed_sizes(fake_task(), path)
    assert "13 symbols" in refusal(fake_task("abcdefghi"), denoiser_path=path)


def composed_sizes(task, path):
    args = model_args("composed_transformer", denoiser_path=path)
    return ARCH_MODEL_REGISTRY[args.arch].build_model(args, task)


def test_denoiser_that_is_no_transformer(task, tmp_path):
    model = build("transformer_cft_tiny", task)
    model.args.arch = "lstm"
    path = save(model, tmp_path / "lstm.pt")
    assert "architecture 'lstm'; it must be a plain encoder-decoder Transformer" in refusal(task, denoiser_path=path)


def test_sizes_that_contradict_the_checkpoint(task, denoiser_path):
    message = refusal(task, denoiser_path=denoiser_path, encoder_layers=3)
    assert "--encoder-layers 3 (checkpoint: 2)" in message


def test_checkpoint_without_the_denoisers_weights(task, denoiser_path, tmp_path):
    model = composed(task, denoiser_path)
    part = {name: value for name, value in model.state_dict().items() if name.startswith("base_predictor.")}
    path = save(model, tmp_path / "half.pt", model=part)
    with pytest.raises(UserError, match="no weights of the composed model's denoiser"):
        checkpoint_utils.load_model_ensemble_and_task([path], task=PlainTask(task))


def test_unknown_output_stage(task, denoiser_path):
    assert "must be one of composed, base" in refusal(task, denoiser_path=denoiser_path, output_stage="both")
