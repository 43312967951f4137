"""The gold programs of SPoC, as their authors wrote them, for tests and for the benchmark."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHARED_DATA = Path(os.environ.get("CFT_SHARED_DATA", ROOT.parent / "shared" / "data"))


def gold_programs(table: Path) -> list[tuple[str, str]]:
    """(id, source) of every program of a SPoC table, in file order; a quote character is a plain character."""
    header, *rows = table.read_text(encoding="utf-8").rstrip("\n").split("\n")
    columns = header.split("\t")
    programs: list[tuple[str, list[str]]] = []
    for row in rows:
        fields = dict(zip(columns, row.split("\t"), strict=True))
        if fields["line"] == "0":
            programs.append((f"{fields['probid']}-{fields['subid']}-{fields['workerid']}", []))
        programs[-1][1].append("\t" * int(fields["indent"]) + fields["code"])
    return [(name, "\n".join(lines) + "\n") for name, lines in programs]
