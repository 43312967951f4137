"""A filter of system calls that cannot be installed, or only seems to be, is said and refused in every tier."""

import platform
import subprocess
import sys

import pytest

from fairseq_cft.evaluation.sandbox.tiers import Sandbox

# Answers with an error to prctl(PR_SET_SECCOMP) from now on, as some containers do; error 0 claims success.
WITHOUT_FILTERS = """
import ctypes, struct, sys
from fairseq_cft.evaluation.sandbox.selftest import trouble
from fairseq_cft.evaluation.sandbox.supervisor import supervisor_executable
from fairseq_cft.evaluation.sandbox.tiers import Sandbox

tier, error = sys.argv[1], int(sys.argv[2])
sandbox = Sandbox(tier, supervisor_executable())
prctl, number = ctypes.CDLL(None).prctl, {"x86_64": 157, "aarch64": 167}[sys.argv[3]]
code = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, 22), (6, 0, 0, 0x50000 | error)]
filled = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in [*code, (6, 0, 0, 0x7FFF0000)]))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 6, ctypes.addressof(filled)))
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, program, 0, 0) == 0
print(trouble(sandbox))
"""


@pytest.mark.parametrize("error", [1, 0], ids=["refused", "only claimed"])
def test_no_filter_is_said(sandbox: Sandbox, error: int) -> None:
    command = [sys.executable, "-c", WITHOUT_FILTERS, sandbox.tier, str(error), platform.machine()]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "cannot install the filter of system calls" in done.stdout, done
