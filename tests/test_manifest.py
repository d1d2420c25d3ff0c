"""A manifest of public clips -> the same set for everybody; clips that are no good are left out."""

import csv
from pathlib import Path

import numpy as np
import pytest
from test_motion import all_world_poses, convert, joint, moving, write_bvh

from src.data.human36.forms import open_source
from src.data.mocap.manifest import COLUMNS, read_manifest
from src.errors import InputError
from src.files import file_sha256
from tools import convert_bvh

ROOT = Path(__file__).parents[1]
CMU_MANIFEST = ROOT / "docs" / "cmu_motion_manifest.csv"
PUBLIC = ROOT.parent / "shared" / "data" / "cmu_bvh"

PARTS = {"01": "training", "02": "training", "03": "test", "04": "left out"}


@pytest.fixture
def clips(tmp_path):
    """Two clips each of four people, in folders of their own as in the public repositories."""
    root = tmp_path / "clips"
    for person in PARTS:
        for number in (1, 2):
            path = root / "repository" / person / f"{person}_0{number}.bvh"
            frames = moving(60, seed=10 * int(person) + number)
            write_bvh(path, frames, scale=1 + int(person) / 50)
    # Something to remark on.
    path = root / "repository" / "01" / "01_01.bvh"
    path.write_text(path.read_text().replace("Frames: 60", "Frames: 66"))
    return root


def write_manifest(clips: Path, **changes) -> Path:
    """Write the manifest of `clips`; ``changes`` are cells of all lines, by their column."""
    path = clips.parent / "manifest.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for clip in sorted(clips.rglob("*.bvh")):
            person = clip.name[:2]
            line = {
                "clip": clip.name,
                "sha256": file_sha256(clip),
                "person": person,
                "part": PARTS[person],
                "shows": "swaying, a walk",
            }
            line.update(changes)
            writer.writerow([line[column] for column in COLUMNS])
    return path


def contents(folder: Path) -> dict[Path, bytes]:
    """What all files of a folder hold, by their path in it."""
    files = {}
    for path in folder.rglob("*"):
        if path.is_file():
            files[path.relative_to(folder)] = path.read_bytes()
    return files


def shin_mm(folder: Path, subject: int) -> float:
    """How long a subject's right shin is."""
    world = all_world_poses(open_source(folder), subject)
    shin = joint(world, "right_ankle") - joint(world, "right_knee")
    return float(np.linalg.norm(shin, axis=1).mean())


def test_the_same_clips_elsewhere_make_the_same_files(clips, tmp_path, capsys):
    manifest = write_manifest(clips)
    assert convert(clips, tmp_path / "first", "--manifest", manifest) == 0
    output = capsys.readouterr().out
    assert "S1, S5, S6, S7, S8: people 01, 02\nS9, S11: people 03\n" in output
    assert "6 files, names as poser" in output
    assert "\n01_01.bvh: 'Frames' says 66, 60 are there: these are taken\n" in output
    assert f"all clips are those of {manifest}" in output

    # Elsewhere the files lie in one folder, beside others that the manifest does not list.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in clips.rglob("*.bvh"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    write_bvh(elsewhere / "05_01.bvh", moving(60, seed=1))
    assert convert(elsewhere, tmp_path / "again", "--manifest", manifest) == 0
    assert contents(tmp_path / "first") == contents(tmp_path / "again")


def test_people_train_or_test_as_the_manifest_says(clips, tmp_path):
    manifest = write_manifest(clips)
    assert convert(clips, tmp_path / "out", "--manifest", manifest) == 0
    source = open_source(tmp_path / "out")
    frames = {subject: len(all_world_poses(source, subject)) for subject in source.subjects()}
    assert sum(frames[subject] for subject in (1, 5, 6, 7, 8)) == 4 * 60
    assert frames[9] + frames[11] == 2 * 60

    # Test subjects keep the build of person 03, as it is without a manifest; the others have one of
    # their own each.
    alone = tmp_path / "person 03"
    alone.mkdir()
    for number in (1, 2):
        name = f"03_0{number}.bvh"
        (alone / name).write_bytes((clips / "repository" / "03" / name).read_bytes())
    assert convert(alone, tmp_path / "alone") == 0
    expected = shin_mm(tmp_path / "alone", 9)
    assert shin_mm(tmp_path / "out", 9) == pytest.approx(expected, abs=0.1)
    assert shin_mm(tmp_path / "out", 11) == pytest.approx(expected, abs=0.1)
    shins = [shin_mm(tmp_path / "out", subject) for subject in (1, 5, 6, 7, 8)]
    assert min(np.diff(sorted(shins))) > 0.5


def test_what_is_missing_or_different_is_named(clips, tmp_path, capsys):
    manifest = write_manifest(clips)
    (clips / "repository" / "01" / "01_02.bvh").unlink()
    changed = clips / "repository" / "02" / "02_01.bvh"
    changed.write_text(changed.read_text() + "\n")
    assert convert(clips, tmp_path / "out", "--manifest", manifest) == 1
    output = capsys.readouterr()
    assert "01_02.bvh: missing\n" in output.err
    assert f"{changed}: differs from the manifest's file of this name\n" in output.err
    assert f"clips that are not as in {manifest}, see above: 2" in output.out
    assert "S9: 15 motions" in output.out  # the set is made of what is there

    # A second file of the name that has the right content is taken.
    good = tmp_path / "clips" / "good" / "02_01.bvh"
    good.parent.mkdir()
    good.write_text(changed.read_text().removesuffix("\n"))
    assert convert(clips, tmp_path / "out 2", "--manifest", manifest) == 1
    assert "02_01" not in capsys.readouterr().err


def test_a_listed_clip_that_is_no_good_is_named(clips, tmp_path, capsys):
    (clips / "repository" / "01" / "01_02.bvh").write_text("HIERARCHY\n")
    manifest = write_manifest(clips)
    assert convert(clips, tmp_path / "out", "--manifest", manifest) == 1
    assert "01_02.bvh: " in capsys.readouterr().err
    assert (tmp_path / "out" / "cameras.h5").exists()


def test_clips_that_are_left_out_are_not_even_read(clips, tmp_path, capsys):
    (clips / "repository" / "04" / "04_01.bvh").write_text("HIERARCHY\n")
    assert convert(clips, tmp_path / "out", "--manifest", write_manifest(clips)) == 0
    assert "04_01" not in capsys.readouterr().err


def test_without_a_manifest_one_bad_clip_does_not_stop_a_folder(clips, tmp_path, capsys):
    path = clips / "repository" / "02" / "02_02.bvh"
    good = path.read_text()
    path.write_text(good.replace("MOTION", "MOTIF"))
    out = tmp_path / "out"
    assert convert(clips, out) == 1
    output = capsys.readouterr()
    assert "02_02.bvh: has no line MOTION" in output.err
    assert f"clips left out, see above: 1; the others are in {out}" in output.out
    assert "7 files, names as poser" in output.out
    frame_count = 0
    source = open_source(out)
    for subject in source.subjects():
        frame_count += len(all_world_poses(source, subject))
    assert frame_count == 7 * 60

    path.write_text(good)
    assert convert(clips, tmp_path / "whole") == 0
    assert "8 files, names as poser" in capsys.readouterr().out


def test_where_no_clip_is_any_good_nothing_is_written(clips, tmp_path, capsys):
    for path in clips.rglob("*.bvh"):
        path.write_text("HIERARCHY\n")
    assert convert(clips, tmp_path / "out") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "01_01.bvh" in error and "(and 7 more files are no good)" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"part": "trainig"}, "01_01.bvh has the part 'trainig'; expected training, test, left"),
        ({"person": "01"}, "person 01 is in training and in test (03_01.bvh)"),
        ({"part": "training"}, "no clip has the part test"),
        ({"clip": "01_01.bvh"}, "01_01.bvh stands in it twice"),
    ],
)
def test_manifests_that_cannot_be_followed(clips, tmp_path, capsys, changes, words):
    manifest = write_manifest(clips, **changes)
    assert convert(clips, tmp_path / "out", "--manifest", manifest) == 2
    error = capsys.readouterr().err.strip()
    assert error.count("\n") == 0 and str(manifest) in error and words in error
    assert not (tmp_path / "out").exists()


def test_files_that_are_no_manifest(tmp_path):
    path = tmp_path / "manifest.csv"
    for content, words in (
        (b"clip,sha256,person\n", "has no column part"),
        (b"clip,sha256,person,part,shows\n01_01.bvh,00\n", "row 2: 2 cells, expected 5"),
        (b"\xff\xfe\x00", "cannot be read as a csv table"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=words):
            read_manifest(path)
    with pytest.raises(InputError, match="nowhere.csv"):
        read_manifest(tmp_path / "nowhere.csv")


def test_a_manifest_of_other_clips(clips, tmp_path, capsys):
    manifest = write_manifest(clips)
    other = tmp_path / "other"
    write_bvh(other / "77_01.bvh", moving(60, seed=1))
    assert convert(other, tmp_path / "out", "--manifest", manifest) == 2
    assert "none of the clips that the manifest lists is there" in capsys.readouterr().err


def test_a_clip_of_a_hostile_name_is_shown_escaped(clips, tmp_path, capsys):
    manifest = write_manifest(clips)
    manifest.write_text(manifest.read_text().replace("04_02.bvh", "04\x1b[31m.bvh"))
    assert convert(clips, tmp_path / "out", "--manifest", manifest) == 1
    assert "04\\x1b[31m.bvh: missing\n" in capsys.readouterr().err


def test_options_that_a_manifest_answers(clips, tmp_path, capsys):
    manifest = write_manifest(clips)
    for option in (["--vary_bodies"], ["--subject_pattern", "x"]):
        assert convert(clips, tmp_path / "out", "--manifest", manifest, *option) == 2
        assert "leave out --subject_pattern and --vary_bodies" in capsys.readouterr().err


def test_the_manifest_of_cmu_motion():
    clips = read_manifest(CMU_MANIFEST)
    assert len(clips) == 142
    parts = [clip.part for clip in clips]
    assert parts.count("test") == 22 and parts.count("left out") == 1
    for clip in clips:
        assert clip.clip.startswith(f"{clip.person}_")
        assert len(clip.sha256) == 64 and clip.shows
        assert (clip.part == "test") == (clip.person == "14")
        assert (clip.part == "left out") == (clip.clip == "09_10.bvh")


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public CMU conversions are not here")
def test_public_clips_are_those_of_the_manifest(tmp_path, capsys):
    folder = PUBLIC / "poser_names"
    assert convert(folder, tmp_path / "out", "--manifest", CMU_MANIFEST, "--fps", 10) == 1
    output = capsys.readouterr()
    assert "differs" not in output.err
    assert output.err.count(": missing\n") == 142 - 23
    assert "23 files, names as poser" in output.out


def test_the_command_says_what_a_manifest_is(capsys):
    with pytest.raises(SystemExit):
        convert_bvh.main(["--help"])
    assert "--manifest FILE.csv" in capsys.readouterr().out
