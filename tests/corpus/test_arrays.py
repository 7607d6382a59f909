"""What arrays do to the memory of the process."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from rag_chunk.corpus.arrays import keep_freed_memory
keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.ones(2**18)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have ways of their own")
def test_the_memory_of_a_freed_array_is_there_for_the_next() -> None:
    ran = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 2 * 512  # pages of one array; each of the 50 would ask for its own
