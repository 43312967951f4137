"""Makes a table and a picture of a speed.json of the speed benchmark."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..files import write_together
from ..report.results import read_json
from ..report.speed import markdown, picture


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft report-speed",
        description="Table and picture of a speed.json of the speed benchmark: ratios first, growth with "
        "length, batch and K.",
    )
    made.add_argument("file", type=Path, metavar="SPEED.json", help="what measure-speed wrote")
    made.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="gets speed.md and speed.png")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    result = read_json(options.file)
    text = markdown(result)
    with write_together(options.output_dir / "speed.md") as (page,):
        page.write(text)
    if any(record["group"] == "training step" for record in result["records"]):
        picture(result, options.output_dir / "speed.png")
    print(text.split("\n## ")[0])
    return 0
