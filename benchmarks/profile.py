"""Where a training step's time goes, by torch's profiler (which slows small operations down)."""

from torch.profiler import ProfilerActivity, profile

from benchmarks.measure import PRESETS
from benchmarks.subjects import Subject
from benchmarks.timing import Row

_STEPS = 200
# part of the step -> operations, as the profiler names them; the rest is many small ones, most of the losses'
_PARTS = {
    "matrix products": ("mkldnn::_linear_pointwise", "aten::mm", "aten::addmm"),
    "Adam": ("aten::_fused_adam_", "Optimizer.step#Adam.step"),
    "BatchNorm": ("aten::native_batch_norm", "aten::native_batch_norm_backward"),
    "random bits of dropout": ("aten::random_",),
    "norm of the gradient": ("aten::dot",),
    "forgetting old gradients": ("Optimizer.zero_grad#Adam.zero_grad",),
}


def profile_step() -> list[Row]:
    """Seconds of each part of a step, both presets; the "floor" is the whole step, so that shares add up."""
    found = []
    for preset in PRESETS:
        step = Subject("--preset", preset, frames=64 * 50).step()
        for _ in range(50):
            step()
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            for _ in range(_STEPS):
                step()
        seconds = {
            event.key: event.self_cpu_time_total / 1e6 / _STEPS for event in profiler.key_averages()
        }
        parts = {name: sum(seconds.pop(key, 0) for key in keys) for name, keys in _PARTS.items()}
        parts["all other operations"] = sum(seconds.values())
        whole = sum(parts.values())
        found += [
            Row(f"{preset}, {name}", taken, 0, whole, "whole step", 1)
            for name, taken in parts.items()
        ]
    return found
