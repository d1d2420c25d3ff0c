"""docs/results.md and the other documents show what the records in results/ hold."""

import importlib
import json
import re
import sys

import numpy as np
import pytest
from conftest import ROOT

from opts.presets import PAPER_ROWS
from paper_exps import collect

RESULTS = ROOT / "results"
MOTION = "cmu_motion"
LABELS = "cmu_motion_simulated_labels"
DOCUMENT = ROOT / "docs" / "results.md"
EXPECTED = json.loads((ROOT / "docs" / "expected.json").read_text())

# Rows with three seeds; of the others there is seed 0.
SEVERAL_SEEDS = ("table_1", "fig_4d", "fig_5")
# What main_lsp.py runs; the two rows that it starts from are of motion.
ROWS_OF_LABELS = ("supervised_lsp", "ours_lsp", "ours_human36_lsp", "ours_lsp_only")


def data_set_of(row_name: str) -> str:
    return LABELS if collect.name_in_table(row_name) in ROWS_OF_LABELS else MOTION


def records_of(row_name: str) -> dict[int, dict]:
    """{seed: result.json} of a row."""
    records = {}
    for path in sorted((RESULTS / data_set_of(row_name) / row_name).glob("seed_*/result.json")):
        result = json.loads(path.read_text())
        records[result["seed"]] = result
    return records


@pytest.mark.parametrize("row_name", PAPER_ROWS)
def test_every_row_of_the_paper_has_its_records(row_name):
    seeds = [0, 1, 2] if collect.table_of(row_name) in SEVERAL_SEEDS else [0]
    records = records_of(row_name)
    assert list(records) == seeds
    for seed, result in records.items():
        folder = RESULTS / data_set_of(row_name) / row_name / f"seed_{seed}"
        for name in ("options.json", "environment.json", "result.json"):
            assert (folder / name).exists()
        options = json.loads((folder / "options.json").read_text())
        if result["trained"]:
            assert (folder / "log.csv").exists()
            assert result["epoch"] == options["epochs"]
        if data_set_of(row_name) == MOTION:
            assert options["epochs"] == 25
            expected = EXPECTED["cmu_motion"]
            assert result["data"]["test"]["frames"] == expected["test_poses"]


def test_records_are_small_and_name_no_machine():
    predictions = 0
    for path in RESULTS.rglob("*"):
        if path.suffix in (".json", ".csv"):
            assert not re.search(r'"/|/(tmp|home|work|root)/', path.read_text()), path
        elif path.suffix == ".npz":
            predictions += path.stat().st_size
            with np.load(path) as arrays:
                kinds = {array.dtype for array in arrays.values() if array.dtype.kind == "f"}
            assert kinds <= {np.dtype(np.float16)}, path
            assert path.relative_to(RESULTS).parts[1] in ("fig_4ab", "fig_5")
    assert 0 < predictions < 16e6


def test_the_set_is_the_one_that_the_manifest_makes():
    """Rows of one skeleton saw the same samples, those that expected.json names."""
    expected = EXPECTED["cmu_motion"]
    for result in records_of("table_1/ours").values():
        for part in ("train", "test"):
            data = result["data"][part]
            assert data["sha256_of_samples"] == expected[f"sha256_of_{part}_samples"]
        assert result["data"]["train"]["frames"] == expected["training_poses"]


@pytest.mark.parametrize("table", collect.TABLES)
def test_the_document_shows_the_tables_as_they_are_printed(table, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    if table == "fig_4ab":  # two rows of table 1 once more; the document has pictures of them
        return
    assert collect.main([table, "--ckpt", "results"]) == 0
    printed = capsys.readouterr().out
    document = DOCUMENT.read_text()
    assert f"python -m paper_exps.collect {table} --ckpt results\n" in document
    for line in printed.splitlines():
        assert f"{line.strip()}\n" in document, line


def test_the_tables_of_the_document_have_no_other_rows(capsys, monkeypatch):
    """A line of a table that is shown below a command of `collect` was printed by it."""
    monkeypatch.chdir(ROOT)
    command = r"python -m paper_exps\.collect (\w+) --ckpt results\n"
    sections = re.split(command, DOCUMENT.read_text())
    for table, text in zip(sections[1::2], sections[2::2], strict=True):
        collect.main([table, "--ckpt", "results"])
        printed = {line.strip() for line in capsys.readouterr().out.splitlines()}
        rows = [line for line in text.split("## ")[0].splitlines() if line.startswith("|")]
        assert len(rows) > 3
        for line in rows:
            assert line in printed, line


def test_figures_of_the_document_are_drawn_from_records_alone(tmp_path, monkeypatch):
    _draw("fig_4d", tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["fig_1d", "fig_4a", "fig_4b", "fig_4c", "fig_5", "fig_s3", "h36_sequence"]
)
def test_all_figures_of_the_document_are_drawn_from_records_alone(name, tmp_path, monkeypatch):
    _draw(name, tmp_path, monkeypatch)


def _draw(name: str, out, monkeypatch):
    """Draw a figure by the command that the document shows, in a folder without data or runs."""
    pattern = rf"python paper_plots/{name}\.py (.*--results results.*)\n"
    command = re.search(pattern, DOCUMENT.read_text())
    assert command, f"docs/results.md does not say how {name} is drawn"
    tokens = command[1].replace("--results results", f"--results {RESULTS}").split()
    monkeypatch.syspath_prepend(ROOT / "paper_plots")
    monkeypatch.chdir(out)
    assert importlib.import_module(name).main([*tokens, "--out", str(out)]) == 0
    assert list(out.glob(f"{name}*"))
    sys.modules.pop(name)


@pytest.mark.parametrize("name", EXPECTED["numbers"])
def test_expected_numbers_are_those_of_the_records_and_of_the_documents(name):
    number = EXPECTED["numbers"][name]
    values = [result[number["key"]] for result in records_of(number["row"]).values()]
    scale = number.get("scale", 1)
    text = f"{scale * np.mean(values):.1f}"
    if len(values) > 1:
        text += f" +- {scale * np.std(values, ddof=1):.1f}"
    assert text == number["text"]
    for document in number["documents"]:
        assert text in (ROOT / document).read_text(), document


def test_the_weights_are_those_that_the_card_describes():
    expected = EXPECTED["cmu_17k"]
    folder = ROOT / "checkpoint" / "cmu_17k"
    result = json.loads((folder / "result.json").read_text())
    assert f"{result['pa_mpjpe_mm']:.1f}" == expected["pa_mpjpe_mm"]
    assert f"{result['scaled_mpjpe_mm']:.1f}" == expected["scaled_mpjpe_mm"]
    card = (ROOT / "checkpoint" / "README.md").read_text()
    for key in ("pa_mpjpe_mm", "scaled_mpjpe_mm", "cmu_h36m_pa_mpjpe_mm", "sha256"):
        assert expected[key] in card, key
