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
    [np.ones(2**18) for _ in range(3)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have ways of their own")
def test_the_memory_of_freed_arrays_is_there_for_the_next() -> None:
    ran = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert (
        int(ran.stdout) < 2 * 3 * 512
    )  # the pages of three arrays, and a few; each of the 50 rounds would ask for its own
