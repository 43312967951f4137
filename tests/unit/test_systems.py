"""Names of the compared systems, splits and files."""

from pathlib import Path

import pytest

from fairseq_cft.errors import UserError
from fairseq_cft.systems import in_order, meaning, place, read_name, without_denoiser


def test_base_predictors_come_before_their_system_and_what_is_added_after_it() -> None:
    mixed = ["mine", "composed", "pretrained+denoise", "composed:base", "direct", "pretrained", "a"]
    ordered = ["direct", "pretrained", "pretrained+denoise", "composed:base", "composed", "a", "mine"]
    assert sorted(mixed, key=place) == ordered


def test_what_a_system_is_without_its_denoiser() -> None:
    assert without_denoiser("composed") == "composed:base"
    assert without_denoiser("pretrained+denoise") == without_denoiser("pretrained+gate") == "pretrained"
    assert without_denoiser("composed:base") is None


def test_meaning_of_a_system_and_of_its_suffix() -> None:
    assert meaning("direct+gate").startswith("trained on the pairs alone, denoised at test time only where a gate asks")
    assert meaning("mine") == ""


def test_known_splits_come_first() -> None:
    assert in_order(["ood", "z", "test", "a", "test"]) == ["test", "ood", "a", "z"]


def test_names_of_files() -> None:
    assert read_name(Path("out/composed:base.12.test.json")) == ("composed:base", 12, "test")
    assert read_name(Path("a.b.1.ood.log")) == ("a.b", 1, "ood")
    for name in ("results.json", "composed.one.test.json"):
        with pytest.raises(UserError, match=r"is not named METHOD\.SEED\.SPLIT\.json"):
            read_name(Path(name))
