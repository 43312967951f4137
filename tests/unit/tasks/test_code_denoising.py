"""Task code_denoising: which splits are corrupted afresh, and what of the data is read how."""

import pytest
from commands import call
from fairseq.dataclass.configs import GenerationConfig
from omegaconf import OmegaConf
from support import build, fake_task

from fairseq_cft.data.subwords import Subwords, fairseq_dictionary, train
from fairseq_cft.tasks.code_denoising import CodeDenoisingConfig, CodeDenoisingTask

LINES = [f"int var_{n} ; cin >> var_{n} ; cout << var_{n} + {n} ;" for n in range(12)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Programs as fairseq-preprocess leaves them in the older format, and their subword model."""
    from fairseq_cli.preprocess import cli_main as preprocess

    folder = tmp_path_factory.mktemp("programs")
    model = train(LINES, 60).model
    (folder / "bpe.model").write_bytes(model)
    subwords = Subwords(model)
    (folder / "dict").write_text("\n".join(fairseq_dictionary(subwords, LINES)) + "\n")
    (folder / "text").write_text("\n".join(map(subwords.encode, LINES)) + "\n")
    text, options = folder / "text", ("--only-source", "--srcdict", folder / "dict", "--dataset-impl", "lazy")
    call(preprocess, *options, "--trainpref", text, "--validpref", text, "--destdir", folder / "bin")
    for end in ("bin", "idx"):
        (folder / f"bin/unlabeled.{end}").write_bytes((folder / f"bin/train.{end}").read_bytes())
    return folder


def loaded(data, split: str, **options) -> list[list[list[int]]]:
    """The sources of a split in epochs 1 and 2."""
    config = CodeDenoisingConfig(data=str(data / "bin"), subword_model=str(data / "bpe.model"), clean_share=0.0)
    for name, value in {"seed": 1, **options}.items():
        setattr(config, name, value)
    task = CodeDenoisingTask.setup_task(config)
    task.load_dataset(split)
    programs, epochs = task.dataset(split), []
    for epoch in (1, 2):
        programs.set_epoch(epoch)
        epochs.append([programs[each]["source"].tolist() for each in range(len(programs))])
    return epochs


@pytest.mark.parametrize(
    ("split", "options", "fixed"),
    [
        ("train", {}, False),
        ("unlabeled", {}, False),
        ("valid", {}, True),
        ("unlabeled", {"train_subset": "unlabeled"}, False),
        ("unlabeled", {"valid_subset": "valid,unlabeled"}, True),
        ("unlabeled", {"gen_subset": "unlabeled"}, True),
        ("valid", {"train_subset": "valid"}, False),
    ],
)
def test_what_trains_is_corrupted_afresh_in_each_epoch(data, split, options, fixed):
    first, second = loaded(data, split, **options)
    assert (first == second) is fixed


@pytest.mark.parametrize("kind", [None, "lazy", "cached"])
def test_data_of_the_older_format(data, kind):
    assert loaded(data, "valid", dataset_impl=kind) == loaded(data, "valid")


def test_outputs_may_be_longer_than_200_tokens():
    words = fake_task().target_dictionary
    task = CodeDenoisingTask(CodeDenoisingConfig(), words)
    model = build("transformer_cft_tiny", fake_task())
    generator = task.build_generator([model], OmegaConf.structured(GenerationConfig()))
    assert (generator.max_len_a, generator.max_len_b) == (3, 100)
