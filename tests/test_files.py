"""Writing files in one step, and telling them apart."""

import pytest

from src.errors import InputError
from src.files import file_sha256, write_atomically


def test_a_failed_write_leaves_what_was_there(tmp_path):
    target = tmp_path / "result.json"
    write_atomically(target, lambda path: path.write_text("first"))

    def fail_halfway(path):
        path.write_text("sec")
        raise OSError(28, "No space left on device")

    message = r"result.json: cannot be written \(the disk is full\); what .* unchanged"
    with pytest.raises(InputError, match=message):
        write_atomically(target, fail_halfway)
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_hash_of_a_file(tmp_path):
    """The hash of "abc" is the example of FIPS 180-2, appendix B.1."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert file_sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_that_is_missing_has_no_hash(tmp_path):
    assert file_sha256(tmp_path / "none") is None
