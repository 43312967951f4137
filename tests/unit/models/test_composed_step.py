"""The composed step as it is computed, against the objective computed plainly: sentence by sentence, nothing shared."""

from contextlib import contextmanager

import pytest
import torch
from fairseq.logging import metrics
from support import batch, build, fake_task, save, shifted

from fairseq_cft.criterions.composed_finetuning import (
    MEAN_SQUARE,
    ComposedFinetuningConfig,
    ComposedFinetuningCriterion,
    mean_square_so_far,
)
from fairseq_cft.modules import decoding, scoring
from fairseq_cft.modules import policy_gradient as estimators

SOURCES = ["a b c", "h", "b b a c d", "c d", "f e d c b a g h"]
TARGETS = ["c b a", "a a b", "d", "e f g h a b", "a c"]


@pytest.fixture(scope="module")
def task():
    return fake_task()


@pytest.fixture(scope="module")
def denoiser_path(task, tmp_path_factory):
    return save(build("transformer_cft_tiny", task, 7), tmp_path_factory.mktemp("step") / "denoiser.pt")


@pytest.fixture(scope="module")
def copying_denoiser_path(task, tmp_path_factory):
    model = build("transformer_cft_tiny", task, 7, copy_attention=True)
    return save(model, tmp_path_factory.mktemp("step") / "copying.pt")


@pytest.fixture(params=["plain f, plain Π", "copying f, plain Π", "plain f, copying Π", "copying f, copying Π"])
def stages(request, denoiser_path, copying_denoiser_path):
    """Options that build the two stages, in every pairing."""
    base, denoiser = request.param.split(", ")
    path = denoiser_path if denoiser == "plain Π" else copying_denoiser_path
    return {"denoiser_path": path, "copy_attention": base == "copying f"}


def model_of(task, denoiser_path=None, **options):
    """Its base predictor is not the denoiser; embeddings scaled so that its outputs differ and end."""
    options.setdefault("denoiser_path", denoiser_path)
    model = build("composed_transformer_tiny", task, 3, base_predictor_path="random", **options)
    with torch.no_grad():
        for parameter in model.base_predictor.parameters():
            parameter.mul_(1.5)
    return model.train()


def sample_of(task, others=None):
    """Of the pairs; with `others`, a second right output for each, also the references."""
    words = task.target_dictionary
    source, target = batch(task, SOURCES, left=True), batch(task, TARGETS)
    net_input = {
        "src_tokens": source,
        "src_lengths": source.ne(words.pad()).sum(1),
        "prev_output_tokens": shifted(target, task),
    }
    made = {"net_input": net_input, "target": target, "ntokens": int(target.ne(words.pad()).sum())}
    if others:
        both = batch(task, [line for pair in zip(TARGETS, others, strict=True) for line in pair])
        made["references"] = both.view(len(TARGETS), 2, -1)
    return made


def criterion_of(task, **options):
    return ComposedFinetuningCriterion(ComposedFinetuningConfig(sentence_avg=False, **options), task)


MEAN_SQUARE_SO_FAR = 9.0


@pytest.fixture(autouse=True)
def an_update_that_is_not_the_first():
    with fresh_meters():
        metrics.log_scalar(MEAN_SQUARE, MEAN_SQUARE_SO_FAR)
        yield


@contextmanager
def fresh_meters():
    metrics.reset()
    try:
        yield
    finally:
        metrics.reset()


@pytest.mark.parametrize("estimator", ["rloo", "reinforce", "self_critical"])
def test_batches_and_workers_of_an_update_are_interchangeable(task, denoiser_path, monkeypatch, estimator):
    """Over two updates: the whole batch at once, or in two unequal parts, and a part's sums in whatever order."""
    monkeypatch.setattr(decoding, "_draw", lambda logits: logits.argmax(-1))  # parts cannot draw what the whole draws
    model, sample = model_of(task, denoiser_path=denoiser_path, dropout=0.0), sample_of(task)
    monkeypatch.setattr(estimators, "rloo_advantages", lambda costs: costs)  # of equal samples they would be 0
    criterion = criterion_of(task, gradient_estimator=estimator, num_samples=2)

    def part(rows):
        net_input = {name: value[rows] for name, value in sample["net_input"].items()}
        return {"target": sample["target"][rows], "ntokens": 1, "net_input": net_input}

    found = []
    for parts in ([slice(None)], [slice(0, 1), slice(1, None)], [slice(1, None), slice(0, 1)]):
        with fresh_meters():
            for _ in range(2):
                model.zero_grad()
                logged = []
                for rows in parts:
                    loss, _, log = criterion(model, part(rows))
                    loss.backward()
                    logged.append(log)
                criterion.reduce_metrics(logged)
            found.append([p.grad.clone() for p in model.base_predictor.parameters()])
            assert mean_square_so_far() is not None
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


def test_the_first_update_of_a_training_trains_the_base_predictors_loss_alone(task, denoiser_path):
    model, sample = model_of(task, denoiser_path=denoiser_path, dropout=0.0), sample_of(task)
    with fresh_meters():
        loss, _, logged = criterion_of(task, ce_weight=0.0)(model, sample)
        loss.backward()
        assert all(p.grad is None or not p.grad.any() for p in model.base_predictor.parameters())
        ComposedFinetuningCriterion.reduce_metrics([logged])
        assert mean_square_so_far() == pytest.approx(float(logged["_advantage_squares"]) / logged["_advantages"])


def log_prob(model, source, output, words, forbid_pad=False):
    """Plainly: log p(output | source) of one sentence without padding, by fairseq's own forward."""
    previous = torch.cat([torch.tensor([words.eos()]), output[:-1]])
    logits, _ = model(source[None], torch.tensor([len(source)]), previous[None])
    if forbid_pad:
        logits = logits.clone()
        logits[..., words.pad()] = -torch.inf
    return logits[0].log_softmax(-1).gather(1, output[:, None]).sum()


def plain_loss(model, sample, tokens, words, cfg):
    """The objective by its definition, for given samples (N * K, T')."""
    copies = tokens.size(0) // sample["target"].size(0)
    cross_entropy, costs, log_probs = 0.0, [], []
    references = sample.get("references", sample["target"].unsqueeze(1))
    for number, (source, target) in enumerate(zip(sample["net_input"]["src_tokens"], sample["target"], strict=True)):
        source, target = source[source.ne(words.pad())], target[target.ne(words.pad())]
        right = [row[row.ne(words.pad())] for row in references[number]]
        cross_entropy = cross_entropy - log_prob(model.base_predictor, source, target, words)
        for row in tokens[number * copies : (number + 1) * copies]:
            output = row[row.ne(words.pad())]
            log_probs.append(log_prob(model.base_predictor, source, output, words, forbid_pad=True))
            with torch.no_grad():
                costs.append(min(-log_prob(model.denoiser, output, each, words) for each in right))
    costs, log_probs = torch.stack(costs).view(-1, copies), torch.stack(log_probs).view(-1, copies)
    advantages = costs
    if cfg.gradient_estimator == "rloo":
        advantages = torch.stack([row - (row.sum() - row) / (copies - 1) for row in costs])
    if cfg.advantage_scale == "rms":
        advantages = advantages / MEAN_SQUARE_SO_FAR**0.5
    return cfg.ce_weight * cross_entropy + (advantages * log_probs).mean(1).sum()


@pytest.mark.parametrize("pieces", ["one piece", "small pieces"])
@pytest.mark.parametrize(
    "options",
    [
        {"gradient_estimator": "reinforce", "num_samples": 1, "advantage_scale": "none"},
        {"gradient_estimator": "reinforce", "num_samples": 1},
        {"gradient_estimator": "rloo", "num_samples": 2},
        {"gradient_estimator": "rloo", "num_samples": 4, "ce_weight": 0.5},
        {"gradient_estimator": "rloo", "num_samples": 2, "references": ["a c", "b", "f g", "c b a h", "a c"]},
    ],
    ids=["K1 raw", "K1", "K2", "K4", "K2, two references"],
)
def test_loss_and_gradient_are_those_of_the_plain_objective(task, stages, options, pieces, monkeypatch):
    if pieces == "small pieces":
        monkeypatch.setattr(scoring, "LOGITS_AT_ONCE", 40)
    words = task.target_dictionary
    model, sample = model_of(task, **stages, dropout=0.0), sample_of(task, options.get("references"))
    options = {name: value for name, value in options.items() if name != "references"}
    assert [hasattr(stage.decoder, "copying") for stage in (model.base_predictor, model.denoiser)] == [
        stages["copy_attention"],
        "copying" in stages["denoiser_path"],
    ]
    criterion = criterion_of(task, **options)
    torch.manual_seed(11)
    loss, _, logged = criterion(model, sample)
    loss.backward()
    found = {name: parameter.grad for name, parameter in model.base_predictor.named_parameters()}
    model.zero_grad()
    torch.manual_seed(11)
    bounds = (1.5 * sample["target"].ne(words.pad()).sum(1) + 10).long()
    tokens = model(
        **sample["net_input"], request=scoring.ComposedRequest(sample["target"], options["num_samples"], bounds)
    )[1]["composed"].tokens
    assert logged["sample_tokens"] == tokens.ne(words.pad()).sum()
    assert len({int(row.ne(words.pad()).sum()) for row in tokens}) > 1  # of different lengths: some leave earlier
    expected = plain_loss(model, sample, tokens, words, criterion.cfg)
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-4)
    for name, parameter in model.base_predictor.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-3, atol=2e-4, msg=name)


@pytest.mark.parametrize("wanted", [{"with_greedy": True}, {"gumbel_temperature": 1.0}], ids=["greedy", "gumbel"])
def test_an_output_costs_what_the_nearest_reference_does(task, stages, wanted):
    model, sample = model_of(task, **stages, dropout=0.0), sample_of(task, ["a c", "b", "f g", "c b a h", "a c"])

    def terms(references):
        torch.manual_seed(5)
        request = scoring.ComposedRequest(sample["target"], 2, references=references, **wanted)
        return model(**sample["net_input"], request=request)[1]["composed"]

    found, alone = terms(sample["references"]), [terms(sample["references"][:, [each]]) for each in (0, 1)]
    for name in ("costs", "greedy_costs", "relaxed_costs"):
        both = [getattr(each, name) for each in alone]
        if both[0] is not None:
            torch.testing.assert_close(getattr(found, name), torch.minimum(*both), rtol=1e-4, atol=1e-4)
    assert (alone[0].costs < alone[1].costs).any() and (alone[0].costs > alone[1].costs).any()
    if found.relaxed_costs is not None:
        assert found.relaxed_costs.requires_grad


def encoder_passes(model, task, **wanted):
    """The outputs of the base predictor's encoder during one step, and the step's terms."""
    seen = []
    handle = model.base_predictor.encoder.register_forward_hook(lambda _, __, output: seen.append(output))
    sample = sample_of(task)
    _, extra = model(**sample["net_input"], request=scoring.ComposedRequest(sample["target"], 2, **wanted))
    handle.remove()
    return seen, extra["composed"]


@pytest.mark.parametrize(
    ("dropout", "wanted", "passes"),
    [(0.0, {}, 1), (0.5, {}, 2), (0.5, {"share_encoder": True}, 1)],
    ids=["nothing dropped", "dropout", "dropout shared"],
)
def test_one_encoder_pass_where_it_is_exact_or_asked_for(task, denoiser_path, dropout, wanted, passes):
    seen, _ = encoder_passes(model_of(task, denoiser_path, dropout=dropout), task, **wanted)
    assert len(seen) == passes


def test_shared_samples_are_scored_behind_the_states_that_they_were_drawn_from(task, denoiser_path):
    model, words = model_of(task, denoiser_path, dropout=0.5), task.target_dictionary
    (states,), terms = encoder_passes(model, task, share_encoder=True)
    decoder = model.base_predictor.decoder.eval()
    for number in range(len(SOURCES)):
        one = {
            "encoder_out": [states["encoder_out"][0][:, number : number + 1]],
            "encoder_padding_mask": [states["encoder_padding_mask"][0][number : number + 1]],
        }
        for copy in range(2):
            row = terms.tokens[2 * number + copy]
            output = row[row.ne(words.pad())]
            previous = torch.cat([torch.tensor([words.eos()]), output[:-1]])
            logits, _ = decoder(previous[None], encoder_out=one)
            logits[..., words.pad()] = -torch.inf
            by_hand = logits[0].log_softmax(-1).gather(1, output[:, None]).sum()
            torch.testing.assert_close(terms.log_probs[number, copy], by_hand, rtol=1e-4, atol=1e-4)


def test_the_option_reaches_the_model(task, denoiser_path):
    model = model_of(task, denoiser_path, dropout=0.5)
    calls = []
    model.base_predictor.encoder.register_forward_hook(lambda *_: calls.append(1))
    for choice, passes in (("none", 2), ("encoder", 1)):
        calls.clear()
        criterion_of(task, sample_dropout=choice)(model, sample_of(task))
        assert len(calls) == passes
