"""Whether `pip install rag-chunk` finds a wheel of all that it needs, on every Python and system that is supported.

One pair is asked for where a package index is reachable; `WHEELS=all`, or `make check-wheels`, asks for all.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [
    version
    for classifier in PROJECT["classifiers"]
    if (version := classifier.removeprefix("Programming Language :: Python :: ")).startswith("3.")
]
PLATFORMS = {  # by what people run, the tags that it takes
    "Linux x86-64": [f"manylinux_2_{glibc}_x86_64" for glibc in (5, 12, 17, 24, 26, 27, 28)],
    "Linux arm64": [f"manylinux_2_{glibc}_aarch64" for glibc in (17, 24, 26, 27, 28)],
    "Alpine x86-64": ["musllinux_1_1_x86_64", "musllinux_1_2_x86_64"],
    "Alpine arm64": ["musllinux_1_1_aarch64", "musllinux_1_2_aarch64"],
    "macOS arm64": ["macosx_14_0_arm64"],
    "macOS x86-64": ["macosx_14_0_x86_64"],
    "Windows x86-64": ["win_amd64"],
}
PAIRS = list(product(PLATFORMS, PYTHONS)) if os.environ.get("WHEELS") == "all" else [("Alpine x86-64", PYTHONS[-1])]


def pip(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@cache
def lacking() -> str:
    """Return why pip cannot be asked, if it cannot."""
    if not find_spec("pip"):
        return "pip is not installed beside the tests"
    answer = pip("index", "versions", "pyromark", "--retries", "0", "--timeout", "5")
    return f"no package index is reachable: {answer.stderr.strip()[-200:]}" if answer.returncode else ""


def missing(dependencies: Sequence[str], platform: str, python: str, folder: Path) -> str:
    """Return what pip finds no wheel for, in its own words; nothing is installed."""
    tags = [f"--platform={tag}" for tag in PLATFORMS[platform]]
    where = [f"--python-version={python}", "--implementation=cp", *tags, "--only-binary=:all:"]
    answer = pip("install", "--dry-run", "--quiet", "--report=-", f"--target={folder}", *where, *dependencies)
    if not answer.returncode:
        assert len(json.loads(answer.stdout)["install"]) >= len(dependencies)
    return answer.stderr if answer.returncode else ""


@pytest.mark.parametrize(("platform", "python"), PAIRS)
def test_every_dependency_has_a_wheel(platform: str, python: str, tmp_path: Path) -> None:
    if reason := lacking():
        pytest.skip(reason)
    assert not missing(PROJECT["dependencies"], platform, python, tmp_path)


def test_a_dependency_without_a_wheel_is_told(tmp_path: Path) -> None:
    if reason := lacking():
        pytest.skip(reason)
    assert "numpy" in missing(["numpy==1.26.0"], "Alpine x86-64", "3.14", tmp_path)


def test_the_oldest_python_of_the_classifiers_is_the_one_required() -> None:
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
