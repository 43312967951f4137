"""Binarised data that are missing, empty or of other dictionaries."""

import pytest

from fairseq_cft.errors import UserError
from fairseq_cft.modules.data_files import data_folders, language_pair, no_split, refuse_empty, same_dictionaries


def folder(path, *files: str, symbols: str = "abc"):
    path.mkdir(exist_ok=True)
    for name in files:
        (path / name).write_text("".join(f"{symbol} 1\n" for symbol in symbols) if "dict" in name else "x")
    return path


def test_several_folders_must_exist(tmp_path):
    first = folder(tmp_path / "one")
    assert data_folders(str(first)) == [first]
    with pytest.raises(UserError, match=r"two does not exist"):
        data_folders(f"{first}:{tmp_path / 'two'}")


def test_languages_are_told_by_the_files_or_given(tmp_path):
    pairs = folder(tmp_path / "pairs", "train.src-tgt.src.idx", "dict.src.txt", "dict.tgt.txt")
    assert language_pair(pairs, None, None) == ("src", "tgt") == language_pair(pairs, "src", "tgt")
    with pytest.raises(UserError, match=r"holds no dict.code.txt \(dictionaries there: dict.src.txt, dict.tgt.txt\)"):
        language_pair(pairs, "src", "code")
    with pytest.raises(UserError, match="must be a folder of pairs, not of programs alone"):
        language_pair(folder(tmp_path / "programs", "train.bin", "train.idx", "dict.txt"), None, None)


def test_every_folder_has_the_first_ones_dictionary(tmp_path):
    names = ["dict.src.txt", "dict.tgt.txt"]
    first, same = (folder(tmp_path / name, *names) for name in ("first", "same"))
    same_dictionaries([first, same], names)
    other = folder(folder(tmp_path / "other", *names), "dict.tgt.txt", symbols="acb")
    with pytest.raises(UserError, match=r"other/dict.tgt.txt has 7 symbols.*first/dict.tgt.txt has 7 symbols"):
        same_dictionaries([first, same, other], names)
    with pytest.raises(UserError, match=r"bare holds no dict.src.txt"):
        same_dictionaries([first, folder(tmp_path / "bare")], names)


def test_an_empty_split(tmp_path):
    full = folder(tmp_path / "data", "train.bin", "train.src-tgt.src.bin")
    refuse_empty(full, "train")
    (full / "train.src-tgt.src.bin").write_text("")
    with pytest.raises(UserError, match="holds no program"):
        refuse_empty(full, "train")


def test_a_missing_split_is_named_with_those_there(tmp_path):
    files = [f"{split}.src-tgt.src.{end}" for split in ("test", "test1") for end in ("bin", "idx")]
    pairs = folder(tmp_path / "pairs", *files)
    assert "no data split ood, but test, test1;" in str(no_split(pairs, "ood", r"\.src-tgt\.\w+"))
    raw = folder(tmp_path / "raw", "valid.src-tgt.src", "dict.src.txt")
    assert "but valid;" in str(no_split(raw, "ood", r"\.src-tgt\.\w+"))
    programs = folder(tmp_path / "programs", "train.bin", "train.idx", "dict.txt")
    assert "but train;" in str(no_split(programs, "valid"))
