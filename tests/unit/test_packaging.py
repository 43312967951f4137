"""Wheel and source distribution: what is in them, what they say, and that fairseq finds the installed plugin."""

import ast
import configparser
import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from types import SimpleNamespace

import pytest

import fairseq_cft
from fairseq_cft.__main__ import command_names

ROOT = Path(__file__).parents[2]
PACKED = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt")
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info")
# What pip and `python -m build --no-isolation` call; neither is needed here.
BUILD = "from setuptools import build_meta; build_meta.build_{kind}('{to}')"


def build(kind: str, source: Path, to: Path) -> Path:
    to.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", BUILD.format(kind=kind, to=to)], cwd=source, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = to.iterdir()
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> SimpleNamespace:
    """Wheel and source distribution of this checkout, and the wheel made from the latter."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    source.mkdir()
    for name in (*PACKED, "fairseq.lock.txt"):
        shutil.copy(ROOT / name, source)
    for name in ("fairseq_cft", "examples"):
        shutil.copytree(ROOT / name, source / name, ignore=IGNORED)
    sdist = build("sdist", source, folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.glob("fairseq_cft-*")
    wheel = build("wheel", unpacked, folder / "wheel")
    site = folder / "site"
    zipfile.ZipFile(wheel).extractall(site)
    return SimpleNamespace(sdist=unpacked, wheel=wheel, site=site, folder=folder)


@pytest.fixture(scope="module")
def metadata(built) -> Message:
    (file,) = built.site.glob("*.dist-info/METADATA")
    return Parser().parsestr(file.read_text(encoding="utf-8"))


def package_files(folder: Path) -> set[str]:
    files = (path for path in (folder / "fairseq_cft").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in files}


def test_every_file_of_the_package_is_in_the_wheel(built):
    """By way of the source distribution, so that is whole, too: native sources, the browser's page, py.typed."""
    assert package_files(built.site) == package_files(ROOT)
    assert {"fairseq_cft/py.typed", "fairseq_cft/evaluation/sandbox/native/supervisor.cpp"} <= package_files(built.site)


def test_nothing_else_is_installed(built):
    assert {path.name.split("-")[0] for path in built.site.iterdir()} == {"fairseq_cft"}


def test_the_source_distribution_holds_what_users_read(built):
    names = {str(path.relative_to(built.sdist)) for path in built.sdist.rglob("*")}
    assert {*PACKED, "fairseq.lock.txt", "examples/hydra/composed.yaml"} <= names


def test_metadata(built, metadata):
    assert built.wheel.name == f"fairseq_cft-{fairseq_cft.__version__}-py3-none-any.whl"
    assert (metadata["Name"], metadata["Version"]) == ("fairseq-cft", fairseq_cft.__version__)
    assert set(metadata["Requires-Python"].split(",")) == {">=3.10", "<3.13"}
    assert (metadata["License"] or metadata["License-Expression"]) == "MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# fairseq-cft")
    (licence,) = built.site.glob("*.dist-info/**/LICENSE")
    assert "MIT" in licence.read_text()


def test_fairseq_is_an_extra_alone(metadata):
    """Whoever has a fairseq must not get a second one under the same import name."""
    required = metadata.get_all("Requires-Dist")
    fairseqs = {line for line in required if "fairseq" in line}
    assert len(fairseqs) == 2 and all('extra == "fairseq"' in line for line in fairseqs)
    assert {"fairseq", "plots", "dev"} <= set(metadata.get_all("Provides-Extra"))
    assert any(line.startswith("torch") and "extra" not in line for line in required)


def test_console_scripts_exist(built):
    (file,) = built.site.glob("*.dist-info/entry_points.txt")
    scripts = configparser.ConfigParser()
    scripts.read(file)
    assert "fairseq-cft-evaluate" in scripts["console_scripts"]
    for name, target in scripts["console_scripts"].items():
        module, function = target.split(":")
        assert callable(getattr(importlib.import_module(module), function)), name


IMPORT_PLUGIN = """
import sys
from argparse import Namespace
from fairseq import utils
utils.__file__ = sys.argv[1]
utils.import_user_module(Namespace(user_dir=sys.argv[2]))
from fairseq.models import ARCH_MODEL_REGISTRY
print(ARCH_MODEL_REGISTRY["composed_transformer"].__module__, sys.modules["fairseq_cft"].__file__)
"""


def python(site: Path, folder: Path, *arguments: str) -> str:
    """What Python prints that runs in ``folder`` and finds the wheel's packages in ``site``."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.mark.parametrize("installed", ["beside fairseq", "elsewhere"])
def test_user_dir_from_any_directory(built, tmp_path, installed):
    """`--user-dir fairseq_cft` where pip put both into one site-packages, else what `python -m fairseq_cft` prints."""
    beside = installed == "beside fairseq"
    fairseqs = (built.site if beside else tmp_path) / "fairseq"  # fairseq looks beside its own folder
    fairseqs.mkdir()
    user_dir = "fairseq_cft" if beside else python(built.site, tmp_path, "-m", "fairseq_cft")
    printed = python(built.site, tmp_path, "-c", IMPORT_PLUGIN, str(fairseqs / "utils.py"), user_dir)
    fairseqs.rmdir()
    module, file = printed.split()
    assert module == "fairseq_cft.models.composed_transformer"
    assert Path(file).resolve() == (built.site / "fairseq_cft/__init__.py").resolve()


@pytest.fixture(scope="module")
def installed(built) -> Path:
    """The wheel as pip installs it, without the checkout; beside it the packages of this interpreter."""
    site = built.folder / "installed"
    install = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target"]
    subprocess.run([sys.executable, *install, site, built.wheel], check=True, capture_output=True, timeout=120)
    return site


EVERY_HELP = """
import contextlib, sys
from fairseq_cft.__main__ import main
for name in sys.argv[1:]:
    with contextlib.suppress(SystemExit):
        main([name, "--help"])
"""


def test_every_command_of_an_installed_wheel_has_help(installed, tmp_path):
    script = str(installed / "bin/fairseq-cft")
    listed = python(installed, tmp_path, script)
    names = {line.split()[0] for line in listed.splitlines() if line.startswith("  ")}
    assert names == set(command_names())
    helps = python(installed, tmp_path, "-c", EVERY_HELP, *sorted(names))
    assert re.findall(r"^usage: fairseq-cft (\S+) ", helps, re.MULTILINE) == sorted(names)
    for name in ("evaluate", "translate"):
        own = python(installed, tmp_path, str(installed / f"bin/fairseq-cft-{name}"), "--help")
        assert own.startswith(f"usage: fairseq-cft {name} ")


def test_an_installed_wheel_plans_the_quickstart(installed, tmp_path):
    """Its commands name files of the installed package alone, and commands that it has."""
    planned = python(installed, tmp_path, str(installed / "bin/fairseq-cft"), "quickstart", "out", "--dry-run")
    assert planned.count("fairseq-train ") == 4 and str(ROOT / "fairseq_cft") not in planned
    assert str(installed / "fairseq_cft") in planned  # --user-dir
    commands = set(re.findall(r"fairseq_cft ([a-z][a-z-]+) ", planned))
    assert {"synthetic", "subwords", "check-denoiser"} <= commands <= set(command_names())
    assert not (tmp_path / "out").exists()


REPOSITORY_ALONE = re.compile(
    r"\b(?:scripts|preprocess|docs|tests|examples)/\w|\w+\.sh\b"
    r"|\bmake (?:help|install|quickstart|demo|benchmark|test|check|clean)\b"
)


def messages(file: Path) -> list[str]:
    """The strings of a Python file, less its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts
    ]


def test_messages_name_what_is_installed():
    """Nothing of the repository alone, and no command that there is not."""
    named = set()
    for file in sorted((ROOT / "fairseq_cft").rglob("*.py")):
        shown = [file.read_text(encoding="utf-8").split("\n")[0]] if file.parent.name == "commands" else []
        for text in [*messages(file), *shown]:
            assert not REPOSITORY_ALONE.search(text), f"{file}: {text}"
            named |= set(re.findall(r"fairseq-cft[ -]([a-z][a-z-]+)", text))
    assert named - set(command_names()) <= {"itself"}  # a word of a sentence
    assert {"export", "subwords", "evaluate"} <= named
