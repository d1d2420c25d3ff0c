"""Where a training step's time goes, by PyTorch's profiler, which slows small operations down."""

from torch.profiler import ProfilerActivity, profile

from benchmarks.training import engine_step, make_training

_WARM_UP_STEPS = 50
_STEPS = 200
# Part of the step -> its operations, as the profiler names them. The rest is many small ones, most
# of them the losses'.
_PARTS = {
    "matrix products": ("mkldnn::_linear_pointwise", "aten::mm", "aten::addmm"),
    "Adam": ("aten::_fused_adam_", "Optimizer.step#Adam.step"),
    "BatchNorm": ("aten::native_batch_norm", "aten::native_batch_norm_backward"),
    "random bits of dropout": ("aten::random_",),
    "norm of the gradient": ("aten::_foreach_norm", "aten::linalg_vector_norm"),
    "multiplications in place (clipping, dropout)": ("aten::mul_",),
    "forgetting old gradients": ("Optimizer.zero_grad#Adam.zero_grad",),
}
_OTHERS = "all other operations"


def profile_step(preset: str) -> dict[str, float]:
    """Return the seconds that each part of a preset's training step takes, by name."""
    step = engine_step(make_training(["--preset", preset], frames=64 * 50))
    for _ in range(_WARM_UP_STEPS):
        step()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(_STEPS):
            step()

    part_of_operation = {}
    for part, operations in _PARTS.items():
        for operation in operations:
            part_of_operation[operation] = part
    seconds = dict.fromkeys([*_PARTS, _OTHERS], 0.0)
    for event in profiler.key_averages():
        part = part_of_operation.get(event.key, _OTHERS)
        microseconds = event.self_cpu_time_total
        seconds[part] += microseconds / 1e6 / _STEPS
    return seconds
