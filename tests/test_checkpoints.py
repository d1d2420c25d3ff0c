"""Saving epochs, going on from them, and taking what another run has: on a tiny network."""

import os
import pickle

import pytest
import torch
from run_files import assert_same_tensors, file_names, read_checkpoint

from src.errors import InputError
from src.model import LiftingNetwork
from src.standardize import Standardizer, Statistics
from src.training import checkpoints
from src.training.checkpoints import Source, State
from src.training.engine import LiftingModel
from src.training.evaluation import Evaluation
from src.training.run_folder import RunFolder

OPTIONS = {
    "dataset_type": "human36_17k",
    "supervision": "relative",
    "linear_size": 4,
    "num_stage": 1,
    "subtract_2d_root": True,
    "scale_range": 1.0,
    "lr": 0.001,
    "epochs": 3,
    "eval_only": False,
    "load": None,
}
DATA = {
    "name": "mini",
    "train": {"frames": 10, "notes": ["a note"]},
    "test": {"frames": 5, "notes": []},
}
STATISTICS = Statistics(
    pose_2d=Standardizer(torch.zeros(17, 2), torch.ones(17, 2)),
    pose_3d=None,
    limb_lengths=torch.ones(1, 16),
)


def new_model(seed: int = 0) -> LiftingModel:
    torch.manual_seed(seed)
    return LiftingModel(LiftingNetwork(17, linear_size=4, dropout=0), None)


def new_optimizer(model: LiftingModel) -> torch.optim.Adam:
    return torch.optim.Adam(model.network.parameters(), lr=0.001)


def take_a_step(model: LiftingModel, optimizer: torch.optim.Adam):
    """Change the weights, and give the optimiser a state."""
    pose, scale = model(torch.ones(4, 17, 2))
    (pose.sum() + scale.sum()).backward()
    optimizer.step()
    optimizer.zero_grad()


def measured(pa_mpjpe_mm: float) -> Evaluation:
    """What a test has measured: this error, and one more that log rows hold."""
    return Evaluation(
        means={},
        logged={"mpjpe_mm": 100.0, "pa_mpjpe_mm": pa_mpjpe_mm},
        chosen="pa_mpjpe_mm",
        monitored={},
        joint_errors={},
        predictions={},
    )


def save_epoch(run: RunFolder, state: State, model, optimizer, pa_mpjpe_mm=None, **changes):
    """Train a step and save it as the next epoch, tested with this error or (None) not tested.

    changes: other values for what the checkpoint says of the run, such as its options.
    """
    take_a_step(model, optimizer)
    epoch = state.epoch + 1
    description = checkpoints.describe_run(OPTIONS, STATISTICS, DATA, None) | changes
    row = {"epoch": epoch, "step": 10 * epoch, "lr": 0.001, "total": 2.0}
    tested = None if pa_mpjpe_mm is None else measured(pa_mpjpe_mm)
    checkpoints.save_epoch(run, state, model, optimizer, description, row, tested)


@pytest.fixture
def run(tmp_path):
    """A run folder that this process has."""
    with RunFolder(tmp_path, "run") as run:
        yield run


@pytest.fixture
def other_run(tmp_path):
    """A run of one epoch, which --load could name."""
    with RunFolder(tmp_path, "other") as run:
        model = new_model(seed=1)
        save_epoch(run, State(), model, new_optimizer(model), 50.0)
        yield run


# Reading checkpoints


def test_nothing_in_a_checkpoint_is_executed(tmp_path):
    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "last.pt"
    path.write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(InputError, match="last.pt: is no checkpoint that can be read"):
        checkpoints.load_checkpoint(path)
    torch.save({"x": Malicious()}, path)
    with pytest.raises(InputError, match="last.pt: is no checkpoint that can be read"):
        checkpoints.load_checkpoint(path)
    assert not (tmp_path / "executed").exists()


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(InputError, match="last.pt: no such file"):
        checkpoints.load_checkpoint(tmp_path / "last.pt")


def test_a_truncated_checkpoint(tmp_path):
    path = tmp_path / "last.pt"
    torch.save({"x": torch.zeros(100)}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is no checkpoint that can be read") as caught:
        checkpoints.load_checkpoint(path)
    assert "\n" not in str(caught.value)


# Saving epochs


def test_an_epoch_is_saved_whole(run):
    state = State()
    model = new_model()
    optimizer = new_optimizer(model)
    save_epoch(run, state, model, optimizer, 50.0)
    assert file_names(run.path) == {".lock", "best.pt", "last.pt", "log.csv"}

    row = {"epoch": 1, "step": 10, "lr": 0.001, "total": 2.0}
    best = {"epoch": 1, "mpjpe_mm": 100.0, "pa_mpjpe_mm": 50.0}
    assert state == State(epoch=1, step=10, best=best, history=[row])
    last = read_checkpoint(run.path)
    assert last["epoch"] == 1
    assert last["step"] == 10
    assert last["best"] == best
    assert last["history"] == [row]
    assert last["options"] == OPTIONS
    assert last["data"] == DATA
    assert set(last["statistics"]) == {"pose_2d", "limb_lengths"}
    assert last["optimizer"].keys() == {"state", "param_groups"}
    assert_same_tensors(last["network"], model.network.state_dict())


def test_best_checkpoint_holds_no_state(run):
    model = new_model()
    save_epoch(run, State(), model, new_optimizer(model), 50.0)
    best = read_checkpoint(run.path, "best.pt")
    assert set(best) == {"options", "statistics", "data", "network", "epoch"}
    assert_same_tensors(best["network"], model.network.state_dict())


def test_best_is_the_smallest_error_of_the_tested_epochs(run):
    """Epoch 2 is the best; epoch 3 is not tested, epoch 4 as good as the best, which stays."""
    state = State()
    model = new_model()
    optimizer = new_optimizer(model)
    best_epochs = []
    for pa_mpjpe_mm in (50.0, 40.0, None, 40.0, 45.0):
        save_epoch(run, state, model, optimizer, pa_mpjpe_mm)
        best_epochs.append(state.best["epoch"])
    assert best_epochs == [1, 2, 2, 2, 2]
    assert read_checkpoint(run.path, "best.pt")["epoch"] == 2
    assert read_checkpoint(run.path)["epoch"] == 5
    assert [row["epoch"] for row in state.history] == [1, 2, 3, 4, 5]
    assert len((run.path / "log.csv").read_text().splitlines()) == 1 + 5


def test_a_run_that_was_never_tested_has_no_best(run):
    state = State()
    model = new_model()
    save_epoch(run, state, model, new_optimizer(model))
    assert state.best is None
    assert not run.has("best.pt")


def test_a_failed_write_leaves_the_epoch_before(run, monkeypatch):
    state = State()
    model = new_model()
    optimizer = new_optimizer(model)
    save_epoch(run, state, model, optimizer, 50.0)
    before = (run.path / "last.pt").read_bytes()

    def fail(content, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(InputError, match="last.pt: cannot be written"):
        save_epoch(run, state, model, optimizer, 60.0)
    assert state.epoch == 1
    assert (run.path / "last.pt").read_bytes() == before


def test_hash_of_the_loaded_run_is_kept():
    source = Source(epoch=1, statistics=STATISTICS, checkpoint=None, path="x", sha256="abc")
    description = checkpoints.describe_run(OPTIONS, STATISTICS, DATA, source)
    assert description["loaded_sha256"] == "abc"


# Going on


def test_a_new_run_begins_at_0(run):
    model = new_model()
    state = checkpoints.resume(run, model, new_optimizer(model), OPTIONS, DATA)
    assert state == State(epoch=0, step=0, best=None, history=[])
    assert_same_tensors(model.network.state_dict(), new_model().network.state_dict())


def test_resuming_brings_back_weights_optimiser_and_state(run):
    state = State()
    model = new_model()
    optimizer = new_optimizer(model)
    save_epoch(run, state, model, optimizer, 50.0)
    save_epoch(run, state, model, optimizer)

    other_model = new_model(seed=1)
    other_optimizer = new_optimizer(other_model)
    resumed = checkpoints.resume(run, other_model, other_optimizer, OPTIONS, DATA)
    assert resumed == state
    assert_same_tensors(other_model.network.state_dict(), model.network.state_dict())
    # The next step is the same, so the optimiser is too.
    take_a_step(model, optimizer)
    take_a_step(other_model, other_optimizer)
    assert_same_tensors(other_model.network.state_dict(), model.network.state_dict())


@pytest.fixture
def begun_run(run):
    """A run of one epoch."""
    model = new_model()
    save_epoch(run, State(), model, new_optimizer(model), 50.0)
    return run


def resume(run: RunFolder, options=OPTIONS, data=DATA) -> State:
    """Resume with a new network and optimiser."""
    model = new_model()
    return checkpoints.resume(run, model, new_optimizer(model), options, data)


def test_more_epochs_are_no_other_options(begun_run):
    assert resume(begun_run, options=OPTIONS | {"epochs": 99}).epoch == 1


def test_resuming_with_other_options_is_refused(begun_run):
    with pytest.raises(InputError, match="--lr 0.001, not --lr 0.5"):
        resume(begun_run, options=OPTIONS | {"lr": 0.5})


def test_notes_do_not_tell_data_apart(begun_run):
    reworded = {**DATA, "name": "moved", "train": {"frames": 10, "notes": ["another note"]}}
    assert resume(begun_run, data=reworded).epoch == 1


@pytest.mark.parametrize("part", ["train", "test"])
def test_resuming_on_other_data_is_refused(begun_run, part):
    with pytest.raises(InputError, match="the data have changed"):
        resume(begun_run, data=DATA | {part: {"frames": 11, "notes": []}})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("network", {"x": torch.zeros(1)}, "last.pt: its weights do not fit the network"),
        ("network", 3, "last.pt: is no checkpoint of a run; expected a dict with epoch"),
        ("optimizer", {}, "last.pt: its optimiser state is damaged"),
        ("step", "x", "last.pt: is no checkpoint of a run"),
    ],
    ids=["another network", "no network", "no optimiser", "a step in words"],
)
def test_damaged_checkpoints_are_refused(begun_run, field, value, message):
    checkpoint = read_checkpoint(begun_run.path)
    checkpoint[field] = value
    torch.save(checkpoint, begun_run.path / "last.pt")
    with pytest.raises(InputError, match=message):
        resume(begun_run)


# Another run's weights


def test_without_load_there_is_no_source(run):
    assert checkpoints.read_source(run, OPTIONS) is None
    model = new_model()
    checkpoints.load_source_weights(model, None)
    assert_same_tensors(model.network.state_dict(), new_model().network.state_dict())


def test_a_new_run_takes_the_loaded_weights(run, other_run):
    options = OPTIONS | {"load": str(other_run.path)}
    source = checkpoints.read_source(run, options)
    assert source.epoch == 1
    assert source.path == str(other_run.path)
    assert torch.equal(source.statistics.limb_lengths, STATISTICS.limb_lengths)
    assert len(source.sha256) == 64
    model = new_model()
    checkpoints.load_source_weights(model, source)
    assert_same_tensors(model.network.state_dict(), read_checkpoint(other_run.path)["network"])


def test_a_run_that_has_begun_does_not_need_the_loaded_one(begun_run, tmp_path):
    """It takes statistics and hash from its own checkpoint, and leaves the weights alone."""
    checkpoint = read_checkpoint(begun_run.path)
    torch.save(checkpoint | {"loaded_sha256": "abc"}, begun_run.path / "last.pt")
    options = OPTIONS | {"load": str(tmp_path / "deleted")}
    source = checkpoints.read_source(begun_run, options)
    assert source.sha256 == "abc"
    assert source.checkpoint is None
    model = new_model(seed=3)
    checkpoints.load_source_weights(model, source)
    assert_same_tensors(model.network.state_dict(), new_model(seed=3).network.state_dict())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset_type", "human36_14k"),
        ("supervision", "full"),
        ("linear_size", 8),
        ("num_stage", 2),
        ("subtract_2d_root", False),
        ("scale_range", 0.001),
    ],
)
def test_weights_of_another_network_are_refused(run, other_run, name, value):
    options = OPTIONS | {"load": str(other_run.path), name: value}
    message = f"last.pt: was trained with --{name} {OPTIONS[name]}, not {value}"
    with pytest.raises(InputError, match=message):
        checkpoints.read_source(run, options)


def test_skeletons_of_the_same_joints_are_interchangeable(run, other_run):
    checkpoint = read_checkpoint(other_run.path)
    checkpoint["options"]["dataset_type"] = "human36_14k"
    checkpoint["network"] = LiftingNetwork(14, linear_size=4).state_dict()
    checkpoint["statistics"] = Statistics(
        pose_2d=Standardizer(torch.zeros(14, 2), torch.ones(14, 2)),
        pose_3d=None,
        limb_lengths=torch.ones(1, 14),
    ).state()
    torch.save(checkpoint, other_run.path / "last.pt")
    options = OPTIONS | {"load": str(other_run.path), "dataset_type": "lsp_14k"}
    assert checkpoints.read_source(run, options).epoch == 1


def test_a_file_in_place_of_a_run_is_refused(run, other_run):
    options = OPTIONS | {"load": str(other_run.path / "last.pt")}
    with pytest.raises(InputError, match="--load .* is a file; give the folder of a run"):
        checkpoints.read_source(run, options)


# Another run's optimiser


def test_fine_tuning_goes_on_with_optimiser_and_steps(run, other_run):
    source = checkpoints.read_source(run, OPTIONS | {"load": str(other_run.path)})
    optimizer = new_optimizer(new_model())
    state = State()
    checkpoints.take_over_optimizer(optimizer, source, state)
    assert state == State(epoch=0, step=10)
    expected = read_checkpoint(other_run.path)["optimizer"]["state"]
    assert_same_tensors(optimizer.state_dict()["state"][0], expected[0])


def test_a_run_that_has_begun_keeps_its_own_optimiser(begun_run, other_run):
    source = checkpoints.read_source(begun_run, OPTIONS | {"load": str(other_run.path)})
    state = State(epoch=1, step=77)
    checkpoints.take_over_optimizer(new_optimizer(new_model()), source, state)
    assert state.step == 77


def test_weights_without_an_optimiser_are_refused(run, other_run):
    checkpoint = read_checkpoint(other_run.path, "best.pt")
    torch.save(checkpoint, other_run.path / "last.pt")
    source = checkpoints.read_source(run, OPTIONS | {"load": str(other_run.path)})
    with pytest.raises(InputError, match="add --fresh_optimizer"):
        checkpoints.take_over_optimizer(new_optimizer(new_model()), source, State())


# Finished runs

RESULT = {"epoch": 3, "frames": 5, "data": {}, "pa_mpjpe_mm": 50.0}
FIELDS = {"pa_mpjpe_mm": float}


def finished_result(run: RunFolder, **options) -> dict | None:
    return checkpoints.finished_result(run, OPTIONS | options, FIELDS)


def test_an_empty_folder_is_not_finished(run):
    assert finished_result(run) is None


@pytest.mark.parametrize(("epochs", "is_finished"), [(2, True), (3, True), (4, False)])
def test_a_run_of_3_epochs_is_finished(run, capsys, epochs, is_finished):
    run.write_json("options.json", OPTIONS)
    run.write_json("result.json", RESULT)
    result = finished_result(run, epochs=epochs)
    assert result == (RESULT if is_finished else None)
    assert ("finished already" in capsys.readouterr().out) is is_finished


@pytest.mark.parametrize(
    "change", [{"pa_mpjpe_mm": "x"}, {"epoch": None}, {"frames": 1.5}, {"data": []}], ids=str
)
def test_a_result_that_is_none_is_refused(run, change):
    run.write_json("result.json", RESULT | change)
    with pytest.raises(InputError, match="result.json: is no result of a run"):
        finished_result(run)


def test_a_result_of_other_options_is_refused(run):
    run.write_json("options.json", OPTIONS)
    run.write_json("result.json", RESULT)
    with pytest.raises(InputError, match="--lr 0.001, not --lr 0.5"):
        finished_result(run, lr=0.5)


def test_a_test_is_finished_while_the_tested_run_stays_as_it_is(run, other_run):
    load = str(other_run.path)
    source = checkpoints.read_source(run, OPTIONS | {"load": load})
    result = RESULT | {"tested_sha256": source.sha256}
    run.write_json("result.json", result)
    assert finished_result(run, load=load, eval_only=True) == result
    torch.save(read_checkpoint(other_run.path) | {"step": 11}, other_run.path / "last.pt")
    assert finished_result(run, load=load, eval_only=True) is None


def test_a_run_that_began_with_another_state_of_the_loaded_one_is_refused(run, other_run):
    run.write_json("result.json", RESULT | {"loaded_sha256": "0" * 64})
    with pytest.raises(InputError, match="began with another state of"):
        finished_result(run, load=str(other_run.path))
