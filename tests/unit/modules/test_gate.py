"""A composed model with a gate, in fairseq's own generator: each row is ŷ itself or Π(ŷ), whatever the beam."""

import copy

import pytest
import torch
from fairseq import checkpoint_utils
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.sequence_generator import SequenceGenerator
from support import PlainTask, batch, build, model_args, save

from fairseq_cft.errors import UserError
from fairseq_cft.modules.gate import Gate, GateCheckpoint, add_gate, put_gate, read_gate

SENTENCES = ["a b c", "h", "b b a c d e f g h a", "c d", "f e d c b a", "g", "a b a b a b a b a b a b a b"]
LONGEST = 9  # of ŷ, in tokens: two of the sentences are cut off and have no end symbol


class Backwards:
    """In place of a base predictor's decoding: ŷ is the source from back to front, cut off."""

    def __init__(self, task, longest=LONGEST):
        self.words = task.target_dictionary
        self.longest = longest

    def __call__(self, src_tokens, src_lengths=None, max_lengths=None):
        special = (self.words.pad(), self.words.eos())
        rows = [[token for token in row.tolist() if token not in special][::-1] for row in src_tokens]
        rows = [([*row, self.words.eos()])[: self.longest] for row in rows]
        return torch.tensor([row + [self.words.pad()] * (max(map(len, rows)) - len(row)) for row in rows])


def composed(task, folder, seed=1, **options):
    """A composed model with a random denoiser."""
    args = model_args("composed_transformer_tiny", denoiser_path=denoiser_path(task, folder, seed, **options))
    model = ARCH_MODEL_REGISTRY[args.arch].build_model(args, task).eval()
    model.decode_base = Backwards(task)
    return model


def denoiser_path(task, folder, seed, **options):
    return save(build("transformer_cft_tiny", task, seed, **options), folder / f"denoiser{seed}.pt")


def trained_gate(model, seed=0) -> GateCheckpoint:
    """As if read from a checkpoint: random weights of a gate, the model's own encoder."""
    torch.manual_seed(seed)
    shape = {"embed_dim": 16, "hidden_dim": 4}
    return GateCheckpoint("gate.pt", shape, Gate(**shape).state_dict(), dict(model.denoiser.encoder.state_dict()))


def gated(model, threshold):
    made = copy.deepcopy(model)
    add_gate(made, trained_gate(model), threshold, "--gate")
    return made


def generated(models, task, beam=1, max_len=20, nbest=1):
    """Hypotheses of fairseq's generator without their end symbols, best first."""
    words = task.target_dictionary
    source = batch(task, SENTENCES, left=True)
    net_input = {"src_tokens": source, "src_lengths": source.ne(words.pad()).sum(1)}
    generator = SequenceGenerator(models, words, beam_size=beam, max_len_a=0, max_len_b=max_len)
    found = generator.generate(models, {"net_input": net_input})
    assert all(hypothesis["tokens"][-1] == words.eos() for row in found for hypothesis in row)
    return [[hypothesis["tokens"][:-1].tolist() for hypothesis in row[:nbest]] for row in found]


def base_outputs(task):
    """ŷ of each sentence without its end symbol."""
    return [[[task.target_dictionary.index(letter) for letter in line.split()][::-1][:LONGEST]] for line in SENTENCES]


def probabilities(model, task):
    """p(needs denoising | ŷ) of each sentence, one at a time and by hand."""
    words, found = task.target_dictionary, []
    for sentence in SENTENCES:
        tokens = model.decode_base(batch(task, [sentence]))
        states = model.denoiser.encoder(tokens, src_lengths=tokens.ne(words.pad()).sum(1))["encoder_out"][0][:, 0]
        hidden = torch.relu(states @ model.gate.hidden.weight.T + model.gate.hidden.bias)
        logit = model.gate.output(torch.cat([hidden.mean(0), hidden.max(0).values]))
        found.append(float(1 / (1 + torch.exp(-logit))))
    return found


def halving(model, task):
    """The probabilities, and a threshold with about half of them on each side and none near it."""
    chances = probabilities(gated(model, 0), task)
    low, high = sorted(chances)[2:4]
    assert high - low > 1e-5
    return chances, (low + high) / 2


@pytest.mark.parametrize("beam", [1, 5])
def test_threshold_0_denoises_everything(task, tmp_path, beam):
    model = composed(task, tmp_path)
    expected = generated([model], task, beam, nbest=beam)
    assert generated([gated(model, 0)], task, beam, nbest=beam) == expected
    assert expected != generated([gated(model, 1.01)], task, beam, nbest=beam)


@pytest.mark.parametrize("beam", [1, 2, 5, 11])
def test_a_threshold_above_1_returns_the_base_predictors_outputs(task, tmp_path, beam):
    """Also with as many beams as symbols: an end symbol is then among the candidates at every step."""
    assert beam <= len(task.target_dictionary) - 1
    assert generated([gated(composed(task, tmp_path), 1.01)], task, beam) == base_outputs(task)


@pytest.mark.parametrize("copying", [False, True])
@pytest.mark.parametrize("beam", [1, 5])
def test_rows_of_one_batch_are_decided_one_by_one(task, tmp_path, beam, copying):
    told = 0
    for seed in range(3):
        model = composed(task, tmp_path, seed, copy_attention=copying)
        chances, threshold = halving(model, task)
        denoised, base = generated([model], task, beam), base_outputs(task)
        expected = [x if p >= threshold else y for p, x, y in zip(chances, denoised, base, strict=True)]
        told += expected not in (denoised, base)
        assert generated([gated(model, threshold)], task, beam) == expected
    assert told > 1  # a copying denoiser that copies everything shows nothing


@pytest.mark.parametrize("beam", [1, 5])
def test_the_generators_own_limit_cuts_an_output_that_is_let_through(task, tmp_path, beam):
    found = generated([gated(composed(task, tmp_path), 1.01)], task, beam, max_len=4)
    assert found == [[row[0][:4]] for row in base_outputs(task)]


def test_an_empty_output_is_never_let_through(task, tmp_path):
    model = gated(composed(task, tmp_path), 1.01)
    words = task.target_dictionary
    tokens = torch.tensor([[words.eos(), words.pad()], [5, words.eos()]])
    assert model.encoder.encode(tokens)["let_through"][0].tolist() == [False, True]


def test_gated_models_make_an_ensemble(task, tmp_path):
    """A model and its twin write what one of them writes; and what one finds certain outweighs another's doubts."""
    model = composed(task, tmp_path)
    half = gated(model, halving(model, task)[1])
    assert generated([half, copy.deepcopy(half)], task, 5) == generated([half], task, 5)
    never, other = gated(model, 1.01), composed(task, tmp_path, seed=2)
    assert generated([never, other], task, 1) == base_outputs(task)


@pytest.mark.parametrize("with_gate", [False, True])
def test_models_of_an_ensemble_may_write_base_outputs_of_different_lengths(task, tmp_path, with_gate):
    models = [composed(task, tmp_path), composed(task, tmp_path, seed=2)]
    models[1].decode_base = Backwards(task, longest=4)
    models = [gated(model, 0) for model in models] if with_gate else models
    assert len(generated(models, task, 5)) == len(SENTENCES)


def test_denoise_obeys_the_gate(task, tmp_path):
    """What validation decodes is what generation writes."""
    model = composed(task, tmp_path)
    chances, threshold = halving(model, task)
    base = model.decode_base(batch(task, SENTENCES, left=True))
    bounds = torch.full((len(SENTENCES),), 12)
    plain, chosen = model.denoise(base, bounds), gated(model, threshold).denoise(base, bounds)
    for chance, *rows in zip(chances, base, plain, chosen, strict=True):
        its, denoised, found = (row[row.ne(model.pad)].tolist() for row in rows)
        assert found == (denoised if chance >= threshold else its) and denoised != its


def test_without_incremental_state_every_position_is_certain(task, tmp_path):
    model = gated(composed(task, tmp_path), 1.01)
    words = task.target_dictionary
    tokens = torch.tensor([[5, 6, words.eos()], [7, words.eos(), words.pad()]])
    previous = torch.full((2, 5), 4)
    logits, _ = model.decoder(previous, encoder_out=model.encoder.encode(tokens))
    end = words.eos()
    assert logits.argmax(-1).tolist() == [[5, 6, end, end, end], [7, end, end, end, end]]
    # of the impossible tokens the end symbol is the least possible: no other beam may end before ŷ
    others = [token for token in range(len(words)) if token not in (5, end)]
    assert logits[0, 0, end] < logits[0, 0, others].min() and logits.isfinite().all()


def test_a_gate_adds_its_own_parameters_only_and_none_asks_for_a_gradient(task, tmp_path):
    model = composed(task, tmp_path)
    with_gate = gated(model, 0.9)
    added = set(with_gate.state_dict()) - set(model.state_dict())
    assert added == {f"gate.{part}.{kind}" for part in ("hidden", "output") for kind in ("weight", "bias")}
    assert not any(parameter.requires_grad for parameter in with_gate.gate.parameters())
    assert len({id(p) for p in with_gate.parameters()}) == len(list(with_gate.parameters()))


def test_a_gated_checkpoint_is_self_contained_and_its_threshold_can_be_overridden(task, tmp_path):
    model = composed(task, tmp_path)
    _, threshold = halving(model, task)
    path = save(gated(model, threshold), tmp_path / "gated.pt")
    (tmp_path / "denoiser1.pt").unlink()
    assert generated([load(path, task)], task) == generated([gated(model, threshold)], task)
    assert generated([load(path, task, gate_threshold=0)], task) == generated([model], task)
    assert generated([load(path, task, gate_threshold=2)], task) == base_outputs(task)
    base = load(path, task, output_stage="base")
    assert base.decoder is base.base_predictor.decoder and base.encoder is base.base_predictor.encoder


def load(path, task, **overrides):
    (model,), _, _ = checkpoint_utils.load_model_ensemble_and_task([path], overrides, task=PlainTask(task))
    model.decode_base = Backwards(task)
    return model.eval()


# Refusals ------------------------------------------------------------------------------------------------------


def test_a_gate_of_another_denoiser_is_refused(task, tmp_path):
    model, other = composed(task, tmp_path), composed(task, tmp_path, seed=3)
    with pytest.raises(UserError, match=r"gate\.pt was trained on the encoder of another denoiser"):
        add_gate(model, trained_gate(other), 0.9, "--gate")
    part = trained_gate(model)
    part.encoder.pop("layers.1.fc1.weight")
    with pytest.raises(UserError, match=r"another denoiser \(encoder.layers.1.fc1.weight differs\)"):
        add_gate(model, part, 0.9, "--gate")
    assert model.gate is None


@pytest.mark.parametrize("threshold", ["0.9", None, True, float("nan")])
def test_a_threshold_that_is_no_number_is_refused(task, tmp_path, threshold):
    with pytest.raises(UserError, match=r"gate_threshold is .* it must be a number"):
        put_gate(composed(task, tmp_path), {"embed_dim": 16, "hidden_dim": 4}, threshold)


def test_a_threshold_without_a_gate_is_refused(task, tmp_path):
    path = save(composed(task, tmp_path), tmp_path / "composed.pt")
    with pytest.raises(UserError, match="the composed checkpoint holds no gate"):
        load(path, task, gate_threshold=0.5)


def test_a_checkpoint_without_the_gates_weights_is_refused(task, tmp_path):
    model = gated(composed(task, tmp_path), 0.9)
    part = {name: value for name, value in model.state_dict().items() if not name.startswith("gate.")}
    path = save(model, tmp_path / "half.pt", model=part)
    with pytest.raises(UserError, match="no weights of the composed model's gate"):
        load(path, task)


def test_a_checkpoint_that_is_no_gate_is_refused(task, tmp_path):
    path = save(gated(composed(task, tmp_path), 0.9), tmp_path / "composed.pt")
    for file in (path, denoiser_path(task, tmp_path, 1)):
        with pytest.raises(UserError, match="it must be one of --arch denoiser_gate"):
            read_gate(file, "--gate")
    with pytest.raises(UserError, match="does not exist"):
        read_gate(str(tmp_path / "nothing.pt"), "--gate")
