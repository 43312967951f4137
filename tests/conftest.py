"""What all tests share: signals as of a terminal, user files forgotten, folders that the jails' user can enter."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# a shell that starts the tests in the background has SIGINT ignored, nohup SIGHUP, and children inherit that
for _number, _action in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _action)


@pytest.fixture
def forget_user_files() -> Iterator[None]:
    from fairseq_cft import user_files

    yield
    for path in [*user_files._digests]:
        user_files._forget(path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the unprivileged user of the jails can enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="cft-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
