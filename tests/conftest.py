"""What all tests share: signals as a terminal would have them, and user files forgotten after a test."""

import signal
from collections.abc import Iterator

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
