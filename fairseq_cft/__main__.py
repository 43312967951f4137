"""``fairseq-cft COMMAND``; without a command it prints this package's folder, for ``--user-dir``."""

import sys
from importlib import import_module
from pathlib import Path


def main() -> int:
    if len(sys.argv) < 2:
        print(Path(__file__).parent)
        return 0
    command = import_module(f"{__package__}.commands.{sys.argv[1].replace('-', '_')}")
    return int(command.main(sys.argv[2:]) or 0)


if __name__ == "__main__":
    sys.exit(main())
