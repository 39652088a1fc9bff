"""Nothing of the process's memory is left on disk, and no other process of its user reads it."""

import subprocess
import sys

TRY = """
import ctypes, resource
from sip2gw.process.hardening import keep_memory_private
_, most = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (most, most))  # as in a shell that lets programs leave cores
keep_memory_private()
print(resource.getrlimit(resource.RLIMIT_CORE)[0], ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_F97_the_process_leaves_no_core_and_can_not_be_attached_to():
    said = subprocess.run([sys.executable, "-c", TRY], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["0", "0"]
