"""The task of main_human36.py: lift poses of Human3.6M, or of anything in its form, and compare with the 3D truth."""

from functools import partial

from src.data.arrays import data_name
from src.metrics import CHOSEN, MEANS_MM
from src.skeletons import get_skeleton
from src.training import build, report
from src.training.checkpoints import Test, test_model


class Human36:
    """Training and test poses as the options ask for, and what becomes of a test: see `src.session`."""

    RESULT = {"per_action": dict, CHOSEN: float}
    TAKES_OVER_OPTIMIZER = False
    lines_of_result = staticmethod(report.result_lines)

    def __init__(self, options, source: dict | None):
        self.options = options
        arrays = build.load_poses(options, "test")
        self._test = arrays, build.centre(arrays, options, "test")
        test, train = arrays.describe(), None
        if options.eval_only:
            self.statistics = build.Statistics.from_state(source["statistics"])
        else:
            arrays = build.load_poses(options, "train")
            self._train, train = (arrays, build.centre(arrays, options, "train")), arrays.describe()
            self.statistics = build.fit_statistics(self._train[1], options)
        self.data = {
            "form": self._test[0].form,
            "name": data_name(options.data_dir),
            "synthetic": self._test[0].synthetic,
            "train": train,
            "test": test,
            "overlapping_subjects": sorted(set(test["subjects"]) & set(train["subjects"]))
            if train
            else [],
        }

    def lines(self) -> list[str]:
        """What the user should know of the data."""
        return report.notes(self.data)

    def training_data(self, device):
        """-> `engine.TrainingData`; the arrays that it was made from are let go."""
        (arrays, poses), self._train = self._train, None
        return build.make_training_data(
            arrays, poses, self.statistics, options=self.options, device=device
        )

    def test(self, device) -> Test:
        """How a model is tested on the test poses."""
        data = build.make_test_data(
            *self._test, self.statistics, options=self.options, device=device
        )
        return Test(partial(test_model, data=data, batch=self.options.test_batch), MEANS_MM, CHOSEN)

    def save(self, run, tested, *, history, title: str):
        """Predictions and pictures, where asked for."""
        skeleton = get_skeleton(self.options.dataset_type)
        if self.options.save_predictions:
            report.save_predictions(run, *self._test, tested, joints=skeleton.joints)
        if self.options.save_ims:
            report.save_pictures(
                run, *self._test, tested, history=history, skeleton=skeleton, title=title
            )
