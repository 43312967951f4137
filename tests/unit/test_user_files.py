"""User files: what they register is found by name in every program, and each mistake in them is one sentence."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fairseq_cft.data.variants import Variants
from fairseq_cft.errors import UserError
from fairseq_cft.noise import Noise, item_rng, make_noise, noise_names, noise_options
from fairseq_cft.user_files import Registry, read_user_files

pytestmark = pytest.mark.usefixtures("forget_user_files")

HEAD = "from fairseq_cft.user import *\n"
DROP = """
@register_noise("drop")
def drop(line, rng):
    place = rng.integers(len(line))
    return line[:place] + line[place + 1 :] or line
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def write_file(body: str, name: str = "mine.py") -> Path:
        (tmp_path / name).write_text(HEAD + body)
        return tmp_path / name

    return write_file


def noise_of(write, body: str, **options) -> Noise:
    read_user_files(write(body))
    return make_noise("mine", **options)


def test_a_function_is_a_noise_with_a_clean_share_and_a_number_of_errors(write) -> None:
    read_user_files(write(DROP))
    assert "drop" in noise_names() and noise_options("drop") == ["clean_share", "errors"]
    line = "abcdefghijklmnop"
    noise = make_noise("drop", clean_share=0.25, errors=(2, 3))
    lengths = [len(line) - len(noise(line, item_rng(1, 0, index))) for index in range(2000)]
    shares = {length: lengths.count(length) / 2000 for length in set(lengths)}
    # a quarter stays, the rest loses 2 or 3 characters, each as likely; 3 standard deviations of 2000 draws are 0.033
    assert shares == pytest.approx({0: 0.25, 2: 0.375, 3: 0.375}, abs=0.033)
    assert noise(line, item_rng(1, 0, 5)) == noise(line, item_rng(1, 0, 5))
    with pytest.raises(ValueError, match="errors is a range from 1 up"):
        make_noise("drop", errors=(0, 1))


def test_a_dataclass_is_a_noise_with_its_own_options(write) -> None:
    body = """
from dataclasses import dataclass

@register_noise("mine")
@dataclass(frozen=True)
class Shout:
    clean_share: float = 0.0
    mark: str = "!"

    def __call__(self, line, rng):
        return line + self.mark
"""
    assert noise_of(write, body, mark="?")("a", item_rng(1, 0, 0)) == "a?"
    with pytest.raises(ValueError, match="noise 'mine' has no option 'errors'; it has clean_share, mark"):
        make_noise("mine", errors=(1, 1))
    heir = "\n@register_noise('heir')\n@dataclass(frozen=True)\nclass Heir(Shout):\n    mark: str = '.'\n"
    read_user_files(write(body + heir))
    assert make_noise("heir")("a", item_rng(1, 0, 0)) == "a."


def test_files_are_read_once_and_again_when_they_change(write) -> None:
    note = "open('times', 'a').write('x')\n"
    file = write(note + '@register_noise("mine")\ndef one(line, rng):\n    return "one"\n')
    read_user_files([file, file])
    first = make_noise("mine", clean_share=0.0)
    read_user_files(f"{file}:{file}")
    assert Path("times").read_text() == "x"
    assert first("x", item_rng(1, 0, 0)) == "one"
    write('@register_noise("mine")\ndef two(line, rng):\n    return "two"\n')
    read_user_files("mine.py")
    assert make_noise("mine", clean_share=0.0)("x", item_rng(1, 0, 0)) == "two"


def test_a_noise_goes_to_a_process_that_knows_nothing_yet(write) -> None:
    read_user_files(write(DROP))
    noise = make_noise("drop", clean_share=0.0)
    data = pickle.dumps(noise)
    program = (
        "import pickle, sys, numpy; from fairseq_cft.noise import item_rng; "
        "print(pickle.loads(sys.stdin.buffer.read())('abcdef', item_rng(3, 0, 0)), 'fairseq' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, cwd="/", check=True)
    assert done.stdout.decode().split() == [noise("abcdef", item_rng(3, 0, 0)), "False"]


def test_a_noise_cannot_end_the_program(write) -> None:
    body = '@register_noise("mine")\ndef mine(line, rng):\n    exit()\n'
    with pytest.raises(UserError, match=r"noise 'mine' failed in mine.py, line 4: SystemExit: None \(on 'abc'\)"):
        noise_of(write, body, clean_share=0.0)("abc", item_rng(1, 0, 0))
    body = """
from dataclasses import dataclass

@register_noise("mine")
@dataclass
class Mine:
    def __post_init__(self):
        exit()
    def __call__(self, line, rng):
        return line
"""
    with pytest.raises(UserError, match=r"noise 'mine' failed in mine.py, line 9: SystemExit"):
        noise_of(write, body)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_in_a_noise_is_told_with_its_place_from_every_process(write, jobs: int) -> None:
    body = '@register_noise("mine")\ndef mine(line, rng):\n    return line[7]\n'
    variants = Variants(noise_of(write, body, clean_share=0.0), 1, 1)
    with pytest.raises(UserError) as caught:
        [*variants.of_all(["abc"] * 200, jobs)]
    expected = "noise 'mine' failed in mine.py, line 4: IndexError: string index out of range (on 'abc')"
    assert str(caught.value) == expected


def test_an_exception_in_a_data_worker_is_still_one_sentence(write, capsys: pytest.CaptureFixture[str]) -> None:
    """torch puts the worker's traceback into the text of the error."""
    from torch.utils.data import DataLoader

    noise = noise_of(write, '@register_noise("mine")\ndef mine(line, rng):\n    return {}["a: b"]\n', clean_share=0.0)
    loader = DataLoader(["abc"], num_workers=1, collate_fn=lambda lines: noise(lines[0], item_rng(1, 0, 0)))
    with pytest.raises(UserError, match="Caught UserError in DataLoader worker") as caught:
        list(loader)
    sys.excepthook(caught.type, caught.value, caught.tb)
    said = "noise 'mine' failed in mine.py, line 4: KeyError: 'a: b' (on 'abc')"
    assert capsys.readouterr().err == f"fairseq_cft: error: {said}\n"


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "noise 'mine' of mine.py returned None, which is no string"),
        ("['a']", "returned ['a'], which is no string"),
        ("line + chr(10) + line", "returned 'abc\\nabc'; a corrupted program is one line"),
        ("' '", "returned ' '; a corrupted program is one line and never empty"),
        ("line + str(next(counter))", "it must draw from the generator that it is given"),
    ],
)
def test_what_a_noise_must_not_return(write, returned: str, words: str) -> None:
    head = "import itertools\ncounter = itertools.count()\n"
    body = f"{head}@register_noise('mine')\ndef f(line, rng):\n    line.strip()\n    return {returned}\n"
    noise = noise_of(write, body, clean_share=0.0, errors=(1, 1) if "chr" in returned else (2, 2))
    with pytest.raises(UserError) as caught:
        noise("abc", np.random.default_rng(1))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x = (\n", "mine.py, line 2: SyntaxError: '(' was never closed; mend the file, or leave it out"),
        ("\nnonsense\n", "mine.py, line 3: NameError: name 'nonsense' is not defined; mend the file"),
        ("import sys\nsys.exit(3)\n", "mine.py, line 3: SystemExit: 3"),
        ("import no_such_module_anywhere\n", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        (
            "@register_noise\ndef f(line, rng):\n    return line\n",
            'mine.py, line 2: a noise is registered as @register_noise("name")',
        ),
        ("@register_noise('two words')\ndef f(line, rng):\n    return line\n", "'two words' is none"),
        ("@register_noise('mine')\ndef f(line):\n    return line\n", "noise 'mine' must be a function of (line, rng)"),
        ("@register_noise('mine')\nclass F:\n    pass\n", "noise 'mine' is a class; it must be a dataclass"),
        (
            "@register_noise('cpp')\ndef f(line, rng):\n    return line\n",
            "line 2: two noises are called 'cpp', the other one in fairseq_cft or in this program; rename one of them",
        ),
        ("@register_checker('mine')\ndef f(output):\n    return 1\n", "must be a function of (output, case)"),
        ("@register_language('python')\ndef f():\n    return 1\n", "two languages are called 'python'"),
        ("@register_language('mine')\ndef f(x):\n    return 1\n", "a function of no arguments that makes its Language"),
    ],
)
def test_mistakes_in_a_file(write, body: str, words: str) -> None:
    file = write(body)
    before = noise_names()
    with pytest.raises(UserError) as caught:
        read_user_files(file)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert noise_names() == before


def test_two_files_with_one_name(write) -> None:
    read_user_files(write(DROP))
    with pytest.raises(UserError, match=r"two noises are called 'drop', the other one in mine.py; rename one of them"):
        read_user_files(write(DROP, "other.py"))


def test_unknown_names_and_absent_files(write, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no noise 'x'; choose from cpp, .* \(no --user-file was read\)"):
        make_noise("x")
    read_user_files(write(DROP))
    with pytest.raises(ValueError, match=r"no noise 'x'; choose from .*drop, .* \(read mine.py\)"):
        make_noise("x")
    with pytest.raises(UserError, match=r"cannot read gone.py: no such file or directory; --user-file names a"):
        read_user_files("gone.py")
    with pytest.raises(UserError, match=r"cannot read \.: is a directory"):
        read_user_files(tmp_path)
    assert read_user_files(None) == read_user_files("") == []


def test_reading_a_user_file_takes_neither_fairseq_nor_torch(write) -> None:
    write(DROP)
    program = (
        "import sys; from fairseq_cft.user_files import read_user_files; read_user_files('mine.py'); "
        "print(sorted({'fairseq', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"[]\n"


def test_our_own_noises_are_not_the_files(write) -> None:
    """The first user file of a process may be the first to import what registers them."""
    write(DROP)
    program = (
        "from fairseq_cft.user_files import read_user_files; read_user_files('mine.py'); "
        "open('mine.py', 'a').write('#'); read_user_files('mine.py'); "
        "from fairseq_cft.noise import make_noise, noise_names; print(*noise_names(), make_noise('cpp'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert set(done.stdout.split()) >= {"cpp", "drop", "mask", "random_delete", "synthetic"}
    assert "CheckedNoise" not in done.stdout


def test_every_registry_forgets_a_file(write) -> None:
    assert {registry.kind for registry in Registry.all} >= {"noise", "checker", "language"}
    file = write(DROP + "\n@register_checker('c')\ndef c(output, case):\n    return True\n")
    read_user_files(file)
    write(DROP + "raise ValueError('now it is broken')\n")
    with pytest.raises(UserError, match="now it is broken"):
        read_user_files(file)
    assert "drop" not in noise_names()
