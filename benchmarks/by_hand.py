"""The training step with a backward pass written out by hand: how much the readable step could still gain.

Gradients go straight into one flat buffer, which Adam walks through once; ReLU and dropout share a mask. The losses
stay with autograd. It repeats the network's mathematics, for one residual block only, which is why it is no default.
"""

import torch

from benchmarks.subjects import Subject

_LAYERS = ("first", "blocks.0.0", "blocks.0.1")
_batch_norm = torch.ops.aten.native_batch_norm
_batch_norm_backward = torch.ops.aten.native_batch_norm_backward


def _product(x, weight, bias=None):
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


class ByHand:
    """One network's parameters, gradients and Adam's state, each flat; calling it takes the next step."""

    def __init__(self, subject: Subject):
        self.subject, self.turn = subject, 0
        parameters = dict(subject.network.named_parameters())
        sizes = [p.numel() for p in parameters.values()]
        self.flat = torch.cat([p.detach().flatten() for p in parameters.values()])
        self.gradient, self.m, self.v = (torch.zeros_like(self.flat) for _ in range(3))
        self.steps = torch.tensor(0.0)
        named = zip(
            parameters.items(), self.flat.split(sizes), self.gradient.split(sizes), strict=True
        )
        self.parts = {
            name: (flat.view(p.shape), gradient.view(p.shape))
            for (name, p), flat, gradient in named
        }
        self.norms = [subject.network.get_submodule(f"{layer}.norm") for layer in _LAYERS]
        tensors = {name: tensor.split(64) for name, tensor in subject.tensors().items()}
        self.batches = [
            dict(zip(tensors, frames, strict=True))
            for frames in zip(*tensors.values(), strict=True)
        ]

    def __call__(self):
        batch = self.batches[self.turn % len(self.batches)] | self.subject.data.constants
        self.turn += 1
        with torch.no_grad():
            x, saved = self._hidden(batch["inputs"].flatten(1))
            pose = _product(x, self.weight("pose_head.weight"), self.weight("pose_head.bias"))
            multiplier = self.parts.get("output_multiplier")
            shown = pose if multiplier is None else pose * multiplier[0]
            scale = None
            if "scale_head.weight" in self.parts:
                scale = torch.addmm(
                    self.weight("scale_head.bias"), x, self.weight("scale_head.weight").T
                )
        to_pose, to_scale = self._loss_gradients(shown, scale, batch)
        with torch.no_grad():
            if multiplier is not None:
                torch.sum(to_pose * pose, 0, out=multiplier[1])
                to_pose = to_pose * multiplier[0]
            back = self._back_through("pose_head", to_pose, x)
            if to_scale is not None:
                back += self._back_through("scale_head", to_scale, x)
            self._hidden_backward(back, saved)
            self._adam()

    def weight(self, name: str) -> torch.Tensor:
        return self.parts[name][0]

    def _hidden(self, x):
        keep = 1 - self.subject.options.dropout
        size = (len(_LAYERS), len(x), self.subject.options.linear_size)
        bits = torch.empty(size[0] * size[1] * size[2] // 4, dtype=torch.int64).random_(
            -(2**63), None
        )
        kept = bits.view(torch.int16).view(size) >= round((1 - keep) * 2**16) - 2**15
        saved, outputs = [], []
        for layer, norm, mask in zip(_LAYERS, self.norms, kept, strict=True):
            linear = _product(
                x, self.weight(f"{layer}.linear.weight"), self.weight(f"{layer}.linear.bias")
            )
            weight, bias = self.weight(f"{layer}.norm.weight"), self.weight(f"{layer}.norm.bias")
            y, mean, inverse = _batch_norm(
                linear, weight, bias, norm.running_mean, norm.running_var, True, 0.1, 1e-5
            )
            mask = torch.mul(mask.logical_and_(y > 0), 1 / keep)
            saved.append((x, linear, mean, inverse, mask))
            x = y.mul_(mask)
            outputs.append(x)
        return outputs[0] + outputs[-1], saved

    def _loss_gradients(self, pose, scale, batch):
        leaves = [tensor.requires_grad_() for tensor in (pose, scale) if tensor is not None]
        poses, standardizer = pose.unflatten(1, (-1, 3)), self.subject.model.output_standardizer
        scales = None if scale is None else self.subject.options.scale_range * torch.sigmoid(scale)
        shown = poses if standardizer is None else standardizer.invert(poses)
        total, _ = self.subject.trainee.criterion(shown, scales, batch)
        found = torch.autograd.grad(total, leaves)
        return found if scale is not None else (found[0], None)

    def _back_through(self, name, gradient, x, further=True):
        """The gradients of a linear layer, into the buffer; -> that of its input."""
        torch.sum(gradient, 0, out=self.parts[f"{name}.bias"][1])
        torch.mm(gradient.T, x, out=self.parts[f"{name}.weight"][1])
        return _product(gradient, self.weight(f"{name}.weight").T) if further else None

    def _hidden_backward(self, back, saved):
        skipped = back
        for number, (layer, norm) in reversed(
            list(enumerate(zip(_LAYERS, self.norms, strict=True)))
        ):
            x, linear, mean, inverse, mask = saved[number]
            back = (back + skipped if number == 0 else back) * mask
            back, to_weight, to_bias = _batch_norm_backward(
                *(
                    back,
                    linear,
                    self.weight(f"{layer}.norm.weight"),
                    norm.running_mean,
                    norm.running_var,
                ),
                *(mean, inverse, True, 1e-5, (True, True, True)),
            )
            self.parts[f"{layer}.norm.weight"][1].copy_(to_weight)
            self.parts[f"{layer}.norm.bias"][1].copy_(to_bias)
            back = self._back_through(f"{layer}.linear", back, x, further=number > 0)

    def _adam(self):
        norm = self.gradient.dot(self.gradient).sqrt()
        self.steps += 1
        torch._fused_adam_(
            *([self.flat], [self.gradient], [self.m], [self.v], [], [self.steps]),
            **{
                "lr": 1e-3,
                "beta1": 0.9,
                "beta2": 0.999,
                "weight_decay": 0.0,
                "eps": 1e-8,
                "amsgrad": False,
            },
            **{
                "maximize": False,
                "grad_scale": (norm + 1e-6).clamp(min=1),
                "found_inf": torch.zeros_like(norm),
            },
        )
