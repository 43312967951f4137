"""What the plain Transformer adds to fairseq's: a frozen decoder, for BART-style fine-tuning."""

from support import build, fake_task

from fairseq_cft.models import transformer_cft  # noqa: F401  (registers it)


def test_freeze_decoder_trains_the_encoder_but_for_the_shared_embeddings():
    model = build("transformer_cft_tiny", fake_task(), seed=1, freeze_decoder=True)
    moving = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert moving and all(name.startswith("encoder.layer") for name in moving)
    assert {name for name, _ in model.named_parameters() if name.startswith("encoder.layer")} == moving
    assert all(parameter.requires_grad for parameter in build("transformer_cft_tiny", fake_task(), seed=1).parameters())
