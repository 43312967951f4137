"""Our decoder against fairseq's own generator, and its samples against the model's distribution."""

import pytest
import torch
from fairseq.sequence_generator import SequenceGenerator
from support import batch, build, fake_task

from fairseq_cft.modules.decoding import SCHEDULES, computes, decode, mask_forbidden, translate

SENTENCES = ["a b c", "h", "b b a c d e f g h a", "c d", "f e d c b a", "g", "a a a a a a a a a a a a a a"]


def model_of(task, seed=0, **options):
    """A random model whose outputs end: the end symbol's embedding is what random hidden states often point at."""
    model = build("transformer_cft_tiny", task, seed, **options).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.7)
    return model


@pytest.mark.parametrize("left_pad", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"encoder_normalize_before": False, "decoder_normalize_before": False},
        {"decoder_learned_pos": True, "encoder_learned_pos": True},
        {"layernorm_embedding": True, "activation_fn": "gelu", "share_all_embeddings": False},
        {"no_token_positional_embeddings": True, "no_scale_embedding": True},
        {"copy_attention": True},
        {"line_symbol": "a"},
        {"line_symbol": "a", "copy_attention": True, "decoder_learned_pos": True},
        {"copy_attention": True, "decoder_output_dim": 12, "share_all_embeddings": False},
        {"activation_fn": "gelu_accurate", "no_decoder_final_norm": True},
        {"activation_fn": "tanh", "share_all_embeddings": False, "share_decoder_input_output_embed": True},
        {"activation_fn": "linear", "encoder_layerdrop": 0.3, "decoder_layerdrop": 0.3},
        {"share_all_embeddings": False, "decoder_input_dim": 8, "decoder_output_dim": 12},
        {"share_all_embeddings": False, "encoder_embed_dim": 8},
        {"encoder_layers_to_keep": "1", "decoder_layers_to_keep": "0"},
        {"quant_noise_pq": 0.1},
        {"checkpoint_activations": True},
    ],
)
def test_greedy_equals_fairseqs_generator(options, left_pad):
    task = fake_task()
    words = task.target_dictionary
    finished = 0
    for seed in range(6):
        model = model_of(task, seed, **options)
        assert computes(model.decoder)
        source = batch(task, SENTENCES, left=left_pad)
        lengths = source.ne(words.pad()).sum(1)
        bounds = torch.full((len(SENTENCES),), 30)
        ours = translate(model, source, bounds, eos=words.eos(), pad=words.pad())
        generator = SequenceGenerator([model], words, beam_size=1, max_len_a=0, max_len_b=29, min_len=0)
        theirs = generator.generate([model], {"net_input": {"src_tokens": source, "src_lengths": lengths}})
        for row, hypotheses in zip(ours, theirs, strict=True):
            found, expected = row[row.ne(words.pad())].tolist(), hypotheses[0]["tokens"].tolist()
            if found[-1] == words.eos():
                finished += 1
                assert found == expected
            else:  # cut off: fairseq puts an end symbol in the last place, we do not
                assert found[:29] == expected[:29]
    assert finished > 0


def test_each_row_is_bounded_and_a_cut_off_one_has_no_end():
    task = fake_task()
    words = task.target_dictionary
    model = model_of(task)
    source = batch(task, SENTENCES)
    bounds = torch.tensor([1, 2, 3, 4, 5, 6, 7])
    free = translate(model, source, torch.full_like(bounds, 40), eos=words.eos(), pad=words.pad())
    cut = translate(model, source, bounds, eos=words.eos(), pad=words.pad())
    for row, whole, bound in zip(cut, free, bounds.tolist(), strict=True):
        assert row[row.ne(words.pad())].tolist() == whole[whole.ne(words.pad())][:bound].tolist()


@pytest.mark.parametrize("copying", [False, True])
@pytest.mark.parametrize("copies", [1, 3])
def test_the_schedule_of_a_gpu_gives_the_outputs_of_a_cpu(copies, copying):
    """Longer outputs than its buffers, and sentences that end between two looks; greedy and sampled."""
    task = fake_task()
    words = task.target_dictionary
    lengths = set()
    for seed in range(4):
        model = model_of(task, seed, copy_attention=copying, max_target_positions=128)
        source = batch(task, SENTENCES, left=True)
        encoder_out = model.encoder(source, src_lengths=source.ne(words.pad()).sum(1))
        bounds = torch.tensor([70, 3, 20, 90, 12, 80, 5])
        options = {"eos": words.eos(), "pad": words.pad(), "copies": copies}
        found = {
            name: decode(model.decoder, encoder_out, bounds, **options, schedule=schedule)
            for name, schedule in SCHEDULES.items()
        }
        assert torch.equal(found["cpu"], found["cuda"])
        lengths |= set(found["cpu"].ne(words.pad()).sum(1).tolist())
        torch.manual_seed(seed)
        sampled = decode(model.decoder, encoder_out, bounds, **options, sample=True, schedule=SCHEDULES["cuda"])
        assert sampled.ne(words.pad()).sum(1).le(bounds.repeat_interleave(copies)).all()
        for row in sampled:
            tokens = row[row.ne(words.pad())].tolist()
            assert words.eos() not in tokens[:-1] and len(tokens) > 0
    assert max(lengths) > 64 and len(lengths) > 5


@pytest.mark.parametrize("copying", [False, True])
@pytest.mark.parametrize("copies", [2, 3])
def test_copies_of_a_sentence_are_what_it_alone_gives(copies, copying):
    """Without sampling the K outputs of a sentence are one and the same, whichever of its sentences end first."""
    task = fake_task()
    words = task.target_dictionary
    ends = {"eos": words.eos(), "pad": words.pad()}
    lengths = set()
    for seed in range(4):
        model = model_of(task, seed, copy_attention=copying)
        source = batch(task, SENTENCES, left=True)
        bounds = torch.tensor([30, 3, 20, 30, 12, 30, 5])
        encoder_out = model.encoder(source, src_lengths=source.ne(words.pad()).sum(1))
        once = decode(model.decoder, encoder_out, bounds, **ends)
        several = decode(model.decoder, encoder_out, bounds, copies=copies, **ends)
        assert torch.equal(several, once.repeat_interleave(copies, 0))
        lengths |= set(once.ne(words.pad()).sum(1).tolist())
    assert len(lengths) > 4


@pytest.mark.parametrize("copying", [False, True])
def test_samples_follow_the_models_distribution(copying):
    task = fake_task("abc")
    words = task.target_dictionary
    model = build("transformer_cft_tiny", task, copy_attention=copying).eval()
    count = 20_000
    source = batch(task, ["a b"]).expand(count, -1)
    encoder_out = model.encoder(source, src_lengths=torch.full((count,), 3))
    torch.manual_seed(5)
    drawn = decode(model.decoder, encoder_out, torch.full((count,), 2), eos=words.eos(), pad=words.pad(), sample=True)
    with torch.no_grad():
        logits, _ = model(source[:1], torch.tensor([3]), torch.tensor([[words.eos()]]))
    expected = mask_forbidden(logits, words.pad())[0, 0].softmax(-1)
    observed = torch.bincount(drawn[:, 0], minlength=len(words)) / count
    standard_error = (expected * (1 - expected) / count).sqrt()
    assert ((observed - expected).abs() <= 4.5 * standard_error).all()
    assert observed[words.pad()] == 0
    assert (drawn[drawn[:, 0].eq(words.eos())][:, 1] == words.pad()).all()
