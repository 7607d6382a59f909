"""Functions of the user's own are found by name, and it is said why when they are not."""

import sys

import pytest

from rag_chunk.config.functions import load_function
from rag_chunk.errors import InputError


def test_a_function_of_the_working_folder_is_found_and_the_path_restored(folder):
    (folder / "my_plain_module.py").write_text("def double(x): return 2 * x\n")
    before = list(sys.path)
    assert load_function("my_plain_module:double")(3) == 6
    assert sys.path == before


def test_a_function_of_an_installed_package_is_found():
    assert load_function("os.path:join")("a", "b")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere_at_all:f", "there is no module nowhere_at_all"),
        ("os.nowhere:f", "there is no module os.nowhere"),
        ("json:dunp", r"has no function dunp \(did you mean 'dump'\?\)"),
        ("os:sep", "is not a function; it is of type str"),
        ("os.path", "the form is package.module:function"),
        ("my_needy_module:f", "importing my_needy_module .* failed: No module named 'absent_package'"),
        ("my_broken_module:f", "importing my_broken_module .* failed: ZeroDivisionError"),
        ("my_leaving_module:f", "importing my_leaving_module .* failed: SystemExit"),
    ],
)
def test_what_is_wrong_is_said(name, said, folder):
    (folder / "my_needy_module.py").write_text("import absent_package\n")
    (folder / "my_broken_module.py").write_text("1 / 0\n")
    (folder / "my_leaving_module.py").write_text("raise SystemExit(1)\n")
    before = list(sys.path)
    with pytest.raises(InputError, match=said):
        load_function(name)
    assert sys.path == before
