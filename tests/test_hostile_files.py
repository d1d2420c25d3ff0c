"""Files of a few KB or MB that declare what no memory holds, or pass other files for their own.

Each is read with bounds on memory and time, and must be refused in one line that names it.
"""

import io
import json
import os
import pickle
import struct
import zipfile
import zlib

from opts.command import run_command

import h5py
import numpy as np
import pytest
from forms import _write_cdf_file
from limits import run_limited
from PIL import Image

from paper_exps.collect import read_finished
from src.cameras import load_cameras
from src.crowd.answers import read_answers
from src.data.human36.cdf import _read_cdf
from src.data.mocap.bvh import read_bvh
from src.data.mocap.joint_names import read_map
from src.data.npz import load_pickled_npz, read_fields
from src.data.photos import load_truth, read_json
from src.errors import InputError
from src.h5_files import open_h5, read_dataset
from src.keypoints.files import read_keypoints
from src.keypoints.layouts import get_layout
from src.legacy_2018.folder import load_2018
from src.npz_files import load_npz_arrays
from src.plotting.photos import read_images, read_photo
from src.skeletons import get_skeleton, read_skeleton
from src.training.run_folder import RunFolder


def read_motion(path):
    """Read a motion as the h5 layout has it."""
    with open_h5(path) as file:
        return read_dataset(file, "3D_positions", path)


def read_truth(path):
    """Read the true poses of ten photos."""
    return load_truth(path, 10, get_skeleton("lsp_14k"))


def read_answer_file(path):
    """Read one file of answers."""
    return read_answers([path])


def read_layout(path):
    """Read a layout from json."""
    return get_layout(str(path))


def read_archive(path):
    """Read VideoPose3D's archive of motion."""
    return load_pickled_npz(path, ("positions_3d",))


def check_refusal(reader, path, words: str = "", **limits):
    """Check that a reader refuses a file within bounds, in one line that names it."""

    def read():
        reader(path)

    outcome = run_limited(run_command, read, **limits)
    assert outcome.exit_code == 2, outcome
    (line,) = outcome.text.splitlines()
    assert line.startswith("error: ") and path.name in line and words in line
    assert len(line) < 600
    assert "not enough memory" not in line


def _declare_shape(file):
    file.create_dataset("3D_positions", (96, 10**9), "f4", chunks=(96, 1000), compression="gzip")


def _declare_chunk(file):
    file.create_dataset(
        "3D_positions", (96, 10), "i1", chunks=(96, 40_000_000), maxshape=(96, None)
    )


def _store_elsewhere(file):
    file.create_dataset("3D_positions", (96, 10), "u1", external=[("/etc/passwd", 0, 960)])


def _link_to_another_file(file):
    file["3D_positions"] = h5py.ExternalLink("other.h5", "poses")


def _link_by_way_of_this_file(file):
    file["there"] = h5py.ExternalLink("other.h5", "/")
    file["3D_positions"] = h5py.SoftLink("/there/poses")


def _be_virtual(file):
    layout = h5py.VirtualLayout((96, 10), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "poses", (96, 10))
    file.create_virtual_dataset("3D_positions", layout)


def _be_virtual_of_itself(file):
    layout = h5py.VirtualLayout((96, 10), "f8", maxshape=(96, None))
    source = h5py.VirtualSource(".", "3D_positions", (96, 10), maxshape=(96, None))
    layout[:, : h5py.h5s.UNLIMITED] = source[:, : h5py.h5s.UNLIMITED]
    file.create_virtual_dataset("3D_positions", layout)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (_declare_shape, "declares shape (96, 1000000000)"),
        (_declare_chunk, "declares shape (96, 10)"),
        (_store_elsewhere, "refused: its numbers are those of another file"),
        (_link_to_another_file, "refused: is a link"),
        (_link_by_way_of_this_file, "refused: is a link"),
        (_be_virtual, "refused: its numbers are those of another file"),
        (_be_virtual_of_itself, "refused: its numbers are those of another file"),
    ],
)
def test_h5(tmp_path, build, words):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["poses"] = np.zeros((96, 10))
    path = tmp_path / "Walking 1.h5"
    with h5py.File(path, "w") as file:
        build(file)
    check_refusal(read_motion, path, words)


def test_cameras_of_another_file(tmp_path):
    with h5py.File(tmp_path / "cameras.h5", "w") as file:
        file["subject1"] = h5py.ExternalLink("other.h5", "/subject1")
    check_refusal(load_cameras, tmp_path / "cameras.h5", "refused: is a link")


def write_zip(path, name: str, head: bytes, zeros: int, method: int = zipfile.ZIP_DEFLATED):
    """Write a zip archive of one member: a head, and then nothing but zeros."""
    block = bytes(2**24)
    with (
        zipfile.ZipFile(path, "w", method, compresslevel=1) as archive,
        archive.open(name, "w") as member,
    ):
        member.write(head)
        for start in range(0, zeros, len(block)):
            member.write(block[: zeros - start])


def npy_header(shape, descr: str) -> bytes:
    """Return the header of an npy file."""
    file = io.BytesIO()
    header = {"shape": shape, "fortran_order": False, "descr": descr}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


@pytest.mark.parametrize(
    ("reader", "array"),
    [(read_fields, "pose_3d"), (read_truth, "pose_3d"), (read_keypoints, "poses_2d")],
)
def test_an_npz_of_zeros(tmp_path, reader, array):
    """1.5 GB of zeros, in 6.5 MB."""
    count = 1_500_000_000 // 8
    head = npy_header((count // 2, 2), "<f8")
    write_zip(tmp_path / "a.npz", f"{array}.npy", head, 8 * count)
    check_refusal(reader, tmp_path / "a.npz", "declares")


@pytest.mark.parametrize(
    ("shape", "descr"),
    [
        ((10**11,), "<f8"),  # more than there is
        ((10**18,), "<U0"),  # nothing, very often
        ((0, 10**18), "<f8"),
        ((10,), "|O"),
        ((60_000_000,), "|i1"),  # 480 MB once they are computed with
    ],
)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_an_array_that_declares_too_much(tmp_path, shape, descr, ending):
    path = tmp_path / f"a.{ending}"
    zeros = 60_000_000 if descr == "|i1" else 100
    head = npy_header(shape, descr)
    if ending == "npz":
        write_zip(path, "poses_2d.npy", head, zeros)
        check_refusal(read_keypoints, path)
    elif descr != "|i1":  # in an npy file these are really there
        path.write_bytes(head + bytes(zeros))
        check_refusal(read_keypoints, path)


@pytest.mark.parametrize("code", [0x110000, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("shape", [(14,), ()])
def test_texts_with_letters_that_do_not_exist(tmp_path, code, order, shape):
    """Python's own strings cannot hold them: numpy raises SystemError, or crashes."""
    names = np.full((*shape, 3), ord("a"), f"{order}u4")
    names[..., 1] = code
    path = tmp_path / "a.npz"
    np.savez(path, poses_2d=np.ones((1, 14, 2)), joint_names=names.view(f"{order}U3")[..., 0])
    check_refusal(read_keypoints, path, "joint_names: texts with letters that do not exist")


def test_texts_in_either_byte_order_are_read(tmp_path):
    names = np.array(["Jürgen", "李", "\U0010ffff", ""])
    np.savez(tmp_path / "a.npz", little=names.astype("<U6"), big=names.astype(">U6"))
    for array in load_npz_arrays(tmp_path / "a.npz").values():
        assert array.tolist() == names.tolist()


def test_an_npz_packed_by_a_method_without_bounds(tmp_path):
    head = npy_header((10**8,), "<f8")
    write_zip(tmp_path / "a.npz", "pose_3d.npy", head, 10**7, zipfile.ZIP_BZIP2)
    check_refusal(read_fields, tmp_path / "a.npz", "packed by another method")


def _nested_tuples() -> bytes:
    """A dict with a key of 2^60 parts, all of which its hash visits."""
    return b"\x80\x02}" + b"K\x01" + b"2\x86" * 60 + b"K\x01s."


def _memo_number() -> bytes:
    """A memo of two billion places."""
    return b"\x80\x02]r\xff\xff\xff\x7f."


def _many_lists() -> bytes:
    """A hundred million empty lists, which zip packs well."""
    return b"\x80\x02(" + b"]" * 10**8 + b"l."


def _the_same_lists() -> bytes:
    content = {"S1": {"Walking 1": 0}}
    for _ in range(60):
        content = [content, content]
    return pickle.dumps(content, protocol=2)


def _the_same_array() -> bytes:
    """One array of 8 MB, in a thousand arrays that share its bytes."""
    poses = np.zeros(10**6)
    return pickle.dumps({"S1": {f"Walking {i}": [poses] * 1000 for i in range(9)}}, protocol=4)


def _deep_lists() -> bytes:
    return b"\x80\x02" + b"]" * 10**5 + b"a" * (10**5 - 1) + b"."


@pytest.mark.parametrize(
    "build",
    [
        _nested_tuples,
        _memo_number,
        _many_lists,
        _the_same_lists,
        _the_same_array,
        _deep_lists,
    ],
)
def test_pickles(tmp_path, build):
    path = tmp_path / "data_3d_h36m.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("positions_3d.npy", npy_header((), "|O") + build())
    check_refusal(read_archive, path)


@pytest.mark.parametrize("build", [_nested_tuples, _memo_number, _the_same_lists, _deep_lists])
def test_pickles_of_answers(tmp_path, build):
    (tmp_path / "a.pkl").write_bytes(build())
    check_refusal(read_answer_file, tmp_path / "a.pkl")


def read_options_2018(path):
    """Read a checkpoint of 2018 with opt.json beside it."""
    return load_2018(path.parent)


def read_run(path):
    """Read the options of a run."""
    return RunFolder(path.parent, "").read_json(path.name)


def read_result(path):
    """Read the result of a run."""
    return read_finished(path.parent)


JSON_READERS = [
    (read_json, "labels.json"),
    (read_keypoints, "a.json"),
    (read_layout, "layout.json"),
    (read_map, "map.json"),
    (read_skeleton, "skeleton.json"),
    (read_answer_file, "answers.json"),
    (read_run, "options.json"),
    (read_result, "result.json"),
]


@pytest.mark.parametrize(("reader", "name"), JSON_READERS)
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"images":'])
def test_deep_json(tmp_path, reader, name, opening):
    (tmp_path / name).write_text(opening * 100_000)
    check_refusal(reader, tmp_path / name)
    closing = opening.replace("[", "]").replace('{"a":', "}").replace('{"images":', "}")[::-1]
    (tmp_path / name).write_text(opening * 150 + "1" + closing * 150)
    check_refusal(reader, tmp_path / name, "levels deep")


def test_a_skeleton_in_the_options_of_a_checkpoint():
    with pytest.raises(InputError, match="levels deep"):
        get_skeleton('{"joints":' + "[" * 100_000)
    joints = [str(number) for number in range(100_000)]
    content = {"joints": joints, "limbs": list(zip(joints, joints[1:], strict=False))}
    with pytest.raises(InputError, match="more than 1000 joints"):
        get_skeleton(json.dumps(content))


def test_brackets_in_names_are_not_nested(tmp_path):
    images = [f"photo[[{number}.jpg" for number in range(200)]
    (tmp_path / "labels.json").write_text(json.dumps({"images": images, "quote": '\\"['}))
    assert read_json(tmp_path / "labels.json")["images"] == images


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_json_and_csv_are_utf_8_with_a_byte_order_mark_or_without(tmp_path, mark, monkeypatch):
    # What the locale would say on an old machine.
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "ascii")
    (tmp_path / "labels.json").write_bytes(mark + '{"images": ["größe"]}'.encode())
    assert read_json(tmp_path / "labels.json")["images"] == ["größe"]
    (tmp_path / "layout.json").write_bytes(mark + '["кисть", "head"]'.encode())
    assert read_layout(tmp_path / "layout.json") == ("кисть", "head")
    (tmp_path / "a.csv").write_bytes(mark + "annotator,image,kp0,kp1,answer\nÄ,b,1,2,0\n".encode())
    assert read_answer_file(tmp_path / "a.csv").annotators == ("Ä",)
    (tmp_path / "k.csv").write_bytes(mark + "nez_x,nez_y,œil_x,œil_y\n1,2,3,4\n".encode())
    assert read_keypoints(tmp_path / "k.csv").joints == ("nez", "œil")


def test_csv(tmp_path):
    """A header of a million names over a million short lines; one of as many joints."""
    path = tmp_path / "answers.csv"
    path.write_text(",".join(f"c{i}" for i in range(500_000)) + "\n" + "1,\n" * 500_000)
    check_refusal(read_answer_file, path, "columns")
    path = tmp_path / "keypoints.csv"
    path.write_text(",".join(f"j{i}_x,j{i}_y" for i in range(100_000)) + "\n1\n")
    check_refusal(read_keypoints, path)


def write_png(path, width: int, height: int):
    """Write a png that declares a size, with a black picture of it that has no end."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(2**24)))):
        parts.append(struct.pack(">I", len(content)) + kind + content)
        parts.append(struct.pack(">I", zlib.crc32(kind + content)))
    path.write_bytes(b"".join(parts))


@pytest.mark.parametrize("size", [(8000, 8000), (11_000, 9000), (60_000, 60_000)])
def test_a_photo_of_too_many_pixels(tmp_path, size, capsys):
    write_png(tmp_path / "a.png", *size)
    check_refusal(read_photo, tmp_path / "a.png", "more than 50 megapixels")
    assert read_images(tmp_path, ["a.png"]) == [None]
    assert "note: " in (text := capsys.readouterr().out) and "a.png: has more than 50" in text


def test_a_jpeg_of_endless_scans(tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    start = content.index(b"\xff\xda")
    (tmp_path / "a.jpg").write_bytes(content[:start] + content[start:-2] * 1000)
    check_refusal(read_photo, tmp_path / "a.jpg", "scans")
    (tmp_path / "b.jpg").write_bytes(content)
    assert read_photo(tmp_path / "b.jpg").shape == (64, 64, 3)


def test_photos_are_what_their_content_says(tmp_path, monkeypatch):
    """A PostScript file called .jpg would start Ghostscript."""
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("a program started"))
    (tmp_path / "a.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    Image.new("RGB", (3, 2), (255, 0, 0)).save(tmp_path / "b.tif")
    Image.new("RGB", (3, 2), (255, 0, 0)).save(tmp_path / "c.png", "WEBP", lossless=True)
    first, second, third = read_images(tmp_path, ["a.jpg", "b.tif", "c.png"])
    assert first is None and second is None
    np.testing.assert_array_equal(third, np.full((2, 3, 3), [255, 0, 0]))


def test_bvh(tmp_path):
    """900 joints without channels: each has a position in every frame, and no place in the file."""
    lines = ["HIERARCHY", "ROOT a", "{", "OFFSET 0 0 0", "CHANNELS 6"]
    lines[-1] += " Xposition Yposition Zposition Zrotation Yrotation Xrotation"
    for number in range(900):
        lines += [f"JOINT j{number}", "{", "OFFSET 0 1 0"]
    lines += ["}"] * 901
    lines += ["MOTION", "Frames: 100000", "Frame Time: 0.01", *["0 0 0 0 0 0"] * 100_000, ""]
    (tmp_path / "a.bvh").write_text("\n".join(lines))
    check_refusal(read_bvh, tmp_path / "a.bvh", "901 joints in 100000 frames")


def _set(content: bytearray, offset: int, number: int):
    content[offset : offset + 4] = number.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("offset", "number"),
    [
        (16 - 76, 2**30),  # records
        (332 - 76, 2**31 - 1),  # dimensions
        (336 - 76, 2**31 - 1),  # the size of the first
    ],
)
def test_cdf(tmp_path, offset, number):
    """Numbers in the variable's record, by their distance from its name."""
    path = tmp_path / "Walking 1.cdf"
    _write_cdf_file(path, np.ones((12, 96)), 12)
    assert _read_cdf(path).shape == (1, 12, 96)
    content = bytearray(path.read_bytes())
    _set(content, content.index(b"Pose\x00") + offset, number)
    path.write_bytes(content)
    check_refusal(_read_cdf, path)


@pytest.mark.parametrize(
    ("reader", "name"),
    [
        *JSON_READERS,
        (read_motion, "Walking 1.h5"),
        (load_cameras, "metadata.xml"),
        (load_cameras, "cameras.h5"),
        (read_fields, "own.npz"),
        (read_truth, "truth.npz"),
        (read_archive, "data_3d_h36m.npz"),
        (read_keypoints, "a.npy"),
        (read_keypoints, "a.npz"),
        (read_keypoints, "a.csv"),
        (read_keypoints, "joints.mat"),
        (read_answer_file, "a.csv"),
        (read_answer_file, "a.pkl"),
        (read_options_2018, "test_ckpt_last.pth.tar"),
        (read_bvh, "a.bvh"),
        (_read_cdf, "a.cdf"),
        (read_photo, "a.png"),
    ],
)
def test_a_pipe_is_not_waited_for(tmp_path, reader, name):
    os.mkfifo(tmp_path / name)
    check_refusal(reader, tmp_path / name, "is a pipe or a device; give a file", seconds=5)


def test_files_of_macos_are_skipped(tmp_path):
    np.save(tmp_path / "plain.npy", np.zeros(3))
    np.savez(tmp_path / "a.npz", poses_2d=np.ones((3, 14, 2)))
    (tmp_path / "._a.npz").write_bytes(b"\x00\x05\x16\x07")
    keypoints = read_keypoints(tmp_path, get_skeleton("lsp_14k").joints)
    assert len(keypoints.poses) == 3
    assert any("1 files ._*.npz of macOS skipped" in note for note in keypoints.notes)


LONG = "x" * 3000


@pytest.mark.parametrize(
    ("reader", "name", "content"),
    [
        (read_keypoints, "a.json", [{"image_id": 0, "keypoints": [LONG] * 51}]),
        (read_keypoints, "a.json", [{"image_id": LONG, "keypoints": [LONG]}]),
        (read_layout, "a.json", [LONG, 3]),
        (read_map, "a.json", {LONG: "hip"}),
        (read_skeleton, "a.json", {"joints": [LONG, "b"], "limbs": [[LONG, "c"]]}),
        (read_skeleton, "a.json", {"joints": [LONG], "limbs": LONG}),
        (read_answer_file, "a.json", [{"annotator": LONG, "image": 0}]),
        (read_answer_file, "a.json", [LONG]),
        (read_keypoints, "a.csv", f"hip_x,hip_y\n{LONG},1\n"),
        (read_keypoints, "a.csv", f"{LONG}_x,hip_y\n1,1\n"),
        (read_answer_file, "a.csv", f"annotator,image,kp0,kp1,answer\na,0,{LONG},1,1\n"),
    ],
)
def test_long_values_are_shown_short(tmp_path, reader, name, content):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError) as caught:
        reader(path)
    message = str(caught.value).replace(str(path), "")
    assert len(message) < 350 and LONG not in message


def test_a_long_word_among_numbers_of_openpose_is_shown_short(tmp_path):
    person = {"pose_keypoints_2d": ["x" * 1000] * 75}
    (tmp_path / "a_keypoints.json").write_text(json.dumps({"people": [person]}))
    with pytest.raises(InputError, match="expected x, y, confidence of each joint") as caught:
        read_keypoints(tmp_path)
    assert len(str(caught.value).removeprefix(str(tmp_path))) < 200
