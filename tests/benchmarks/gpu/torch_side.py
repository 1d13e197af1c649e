"""PyTorch's side: the same epoch, eagerly and as a CUDA graph, and the same posterior samples; float32, no TF32."""

from typing import Any

from tests.benchmarks import data, networks
from tests.benchmarks.gpu.clocks import Clock, EventClock, HostClock, medians
from tests.benchmarks.gpu.plan import Plan
from tests.benchmarks.work import MissingError


def clock(device: str) -> Clock:
    """Return what measures time on a device."""
    import torch

    if device != "cuda":
        return HostClock()
    return EventClock(
        lambda: torch.cuda.Event(enable_timing=True), lambda start, end: start.elapsed_time(end)
    )


def no_tf32() -> None:
    """Compute products of float32 in float32; PyTorch's convolutions would not."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


def epoch(plan: Plan, device: str, batch: int, graphs: bool) -> dict[str, Any]:
    """Time an epoch: rows are bytes on the device, gathered by index; losses are added up without waiting."""
    import torch

    if graphs and device != "cuda":
        raise MissingError("CUDA graphs need a GPU")
    no_tf32()
    some, n = data.load(), plan.rows
    x, y = (torch.from_numpy(part[:n]).to(device) for part in (some.x_train, some.y_train))
    net = networks.in_torch(networks.fresh(networks.MLP)).to(device)
    adam = torch.optim.Adam(net.parameters(), 1e-3, fused=True, capturable=graphs)
    total, place = torch.zeros((), device=device), torch.zeros(batch, dtype=torch.long, device=device)

    def step(rows: Any) -> None:
        adam.zero_grad(set_to_none=not graphs)
        logits = net(torch.index_select(x, 0, rows).float().mul_(1 / 255))
        value = torch.nn.functional.cross_entropy(logits, torch.index_select(y, 0, rows))
        value.backward()
        adam.step()
        total.add_(value.detach())

    replay = _captured(lambda: step(place)) if graphs else None
    epochs = iter(range(1_000_000))

    def run() -> float:
        total.zero_()
        for rows in torch.from_numpy(data.order(next(epochs), n)).to(device).split(batch):
            if replay is not None and len(rows) == batch:
                place.copy_(rows)
                replay()
            else:
                step(rows)
        return float(total)

    found = medians(clock(device), run, plan.repeats, warm=plan.warm)
    with torch.inference_mode():
        logits = net(torch.from_numpy(some.x_test[: plan.tested]).to(device).float().mul_(1 / 255))
        right = logits.argmax(1).cpu() == torch.from_numpy(some.y_test[: plan.tested])
    return found | {"accuracy": float(right.float().mean())}


def _captured(step: Any) -> Any:
    """Record a step, after three on another stream, as PyTorch's manual says."""
    import torch

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def samples(plan: Plan, device: str) -> dict[str, Any]:
    """Time posterior samples, with dropout left on: once through the whole network for each, and from dropout on."""
    import torch

    no_tf32()
    x = networks.rows(networks.IMAGES, data.load().x_train[: plan.images])
    net = networks.in_torch(networks.fresh(networks.IMAGES)).to(device, memory_format=torch.channels_last)
    prefix, rest = networks.before_dropout(net)
    whole = net.train()
    images = torch.from_numpy(x).to(device).permute(0, 3, 1, 2)
    p = torch.empty(plan.samples, len(x), 10, device=device)

    def run(once: bool) -> Any:
        first, then = (prefix.eval(), rest.train()) if once else (torch.nn.Identity(), whole.train())
        with torch.inference_mode():
            for start in range(0, len(x), plan.chunk):
                part = first(images[start : start + plan.chunk].float().mul_(1 / 255))
                for k in range(plan.samples):
                    p[k, start : start + plan.chunk] = then(part).softmax(1)
        return p.cpu()

    found = medians(clock(device), lambda: run(once=False), 1, warm=0)
    suffix = medians(clock(device), lambda: run(once=True), plan.repeats, warm=1)
    return found | {"suffix seconds": suffix["seconds"], "sum": float(p.sum() / plan.samples / len(x))}
