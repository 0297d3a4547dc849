"""The workloads in PyTorch: python phi4_torch.py WORKLOAD [--compile] [--graphs] [--device cpu|gpu] [--seconds S]
                                                    [--threads N]

On a GPU every step waits for its result (torch.cuda.synchronize). --graphs captures a whole step, optimiser included,
into one CUDA graph. Convolutions have PyTorch's default precision, which on recent GPUs is TF32.
"""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("workload")
parser.add_argument("--compile", action="store_true", help="torch.compile; takes a minute to begin")
parser.add_argument("--graphs", action="store_true", help="replay steps as CUDA graphs")
parser.add_argument("--device", default="cpu", choices=["cpu", "gpu"])
parser.add_argument("--seconds", type=float, default=2.0)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

import torch
import torch.nn.functional as F

from clock import CHANNELS, LAMBDA, LAYERS, LEAPFROG_STEPS, MASS2, STEP, report, workload

torch.set_num_threads(args.threads)
torch.manual_seed(0)
on_gpu = args.device == "gpu"
if on_gpu and not torch.cuda.is_available():
    raise SystemExit("PyTorch sees no GPU")
if args.graphs and not on_gpu:
    raise SystemExit("--graphs: CUDA graphs need --device gpu")
torch.set_default_device("cuda" if on_gpu else "cpu")
torch.backends.cudnn.benchmark = True
kind, L, batch = workload(args.workload)
V = L * L
sites = torch.arange(L)
EVEN = ((sites[:, None] + sites[None, :]) % 2 == 0).float()


def wrap(x):
    """Periodic padding; concatenation is faster than padding_mode="circular"."""
    x = torch.cat([x[:, :, -1:], x, x[:, :, :1]], 2)
    return torch.cat([x[..., -1:], x, x[..., :1]], 3)


class Flow(torch.nn.Module):
    def __init__(self):
        super().__init__()
        pairs = list(zip(CHANNELS, CHANNELS[1:]))
        self.nets = torch.nn.ModuleList(
            torch.nn.ModuleList(torch.nn.Conv2d(i, o, 3) for i, o in pairs) for _ in range(LAYERS))
        self.register_buffer("even", EVEN)

    def forward(self, x):
        """Samples and log q from normal noise."""
        log_q = -0.5 * (x * x).sum((1, 2)) - 0.5 * V * math.log(2 * math.pi)
        for k, layers in enumerate(self.nets):
            frozen = self.even if k % 2 == 0 else 1 - self.even
            h = (frozen * x).unsqueeze(1)
            for layer in layers[:-1]:
                h = F.leaky_relu(layer(wrap(h)), 0.01)
            h = torch.tanh(layers[-1](wrap(h)))
            s, t = (1 - frozen) * h[:, 0], (1 - frozen) * h[:, 1]
            x = frozen * x + (1 - frozen) * x * torch.exp(s) + t
            log_q = log_q - s.sum((1, 2))
        return x, log_q


def neighbours(x):
    return sum(torch.roll(x, d, mu) for mu in (1, 2) for d in (1, -1))


def action(x):
    x2 = x * x
    return ((MASS2 + 4) * x2 - x * neighbours(x) + LAMBDA * x2 * x2).sum((1, 2))


def train():
    flow = Flow()
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3, fused=True, capturable=args.graphs)

    def loss(noise):
        x, log_q = flow(noise)
        return (log_q + action(x)).mean()

    loss = torch.compile(loss) if args.compile else loss

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(torch.randn(batch, L, L)).backward()
        optimizer.step()

    return step


def sample():
    flow = torch.compile(Flow()) if args.compile else Flow()

    @torch.no_grad()
    def step():
        flow(torch.randn(batch, L, L))

    return step


def hmc():
    def force(x):
        return -(2 * (MASS2 + 4) * x + 4 * LAMBDA * x * x * x - 2 * neighbours(x))

    def trajectory(x, p, u):
        before = action(x) + 0.5 * (p * p).sum((1, 2))
        y, p = x, p + 0.5 * STEP * force(x)
        for _ in range(LEAPFROG_STEPS - 1):
            y = y + STEP * p
            p = p + STEP * force(y)
        y = y + STEP * p
        p = p + 0.5 * STEP * force(y)
        after = action(y) + 0.5 * (p * p).sum((1, 2))
        accept = u < torch.exp(before - after)
        return torch.where(accept[:, None, None], y, x), accept

    trajectory = torch.compile(trajectory) if args.compile else trajectory
    state = [0.3 * torch.randn(batch, L, L)]

    @torch.no_grad()
    def step():
        found, _ = trajectory(state[0], torch.randn(batch, L, L), torch.rand(batch))
        if args.graphs:
            # A graph reads and writes the same memory each time.
            state[0].copy_(found)
        else:
            state[0] = found

    return step


def captured(step):
    """A step that replays what one call of it has launched. Graphs want warm-up calls on a stream of their own."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


step = {"train": train, "sample": sample, "hmc": hmc}[kind]()
step = captured(step) if args.graphs else step


def waited():
    step()
    if on_gpu:
        torch.cuda.synchronize()


form = ["compile" if args.compile else "eager"] + ["graphs"] * args.graphs
report(waited, args.seconds, workload=args.workload, framework=f"torch {torch.__version__}", variant="-".join(form),
       threads=args.threads, device=torch.cuda.get_device_name() if on_gpu else "cpu")
