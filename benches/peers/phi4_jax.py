"""The workloads in JAX: python phi4_jax.py WORKLOAD [--variant conv|dense|patches] [--device cpu|gpu] [--seconds S]
                                              [--threads N]

Variants of the periodic 3x3 convolution, same function and parameters:
  conv   wrap-padding and lax.conv in NHWC, the fastest form at small batches
  dense  each convolution expanded to one (V*in, V*out) matrix product, faster at large batches on 8x8
  patches  the nine neighbours side by side, then one (9*in, out) matrix product

All are compiled (jax.jit), and every step waits for its result (block_until_ready). Matrix products and convolutions
have JAX's default precision, which on recent GPUs is TF32.
"""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("workload")
parser.add_argument("--variant", default="conv", choices=["conv", "dense", "patches"])
parser.add_argument("--device", default="cpu", choices=["cpu", "gpu"])
parser.add_argument("--seconds", type=float, default=2.0)
parser.add_argument("--threads", type=int, default=1, help="for the report; the number is set by taskset")
args = parser.parse_args()

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from clock import CHANNELS, LAMBDA, LAYERS, LEAPFROG_STEPS, MASS2, STEP, report, workload

device = jax.devices(args.device)[0]
jax.config.update("jax_default_device", device)
kind, L, batch = workload(args.workload)
V = L * L
rows, columns = np.meshgrid(np.arange(L), np.arange(L), indexing="ij")
EVEN = ((rows + columns) % 2 == 0).astype(np.float32)
TAPS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


def conv(x, w, b):
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="wrap")
    w = w.reshape(3, 3, *w.shape[1:])
    return lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b


def links():
    """links[t, a, b] = 1 where site a is the neighbour of site b at tap t."""
    table = np.zeros((9, V, V), np.float32)
    for t, (i, j) in enumerate(TAPS):
        table[t, (((rows + i) % L) * L + (columns + j) % L).ravel(), np.arange(V)] = 1
    return table


LINKS = links() if args.variant == "dense" and kind != "hmc" else None


def dense(x, w, b):
    matrix = jnp.einsum("tab,tio->aibo", LINKS, w).reshape(V * w.shape[1], V * w.shape[2])
    y = x.reshape(x.shape[0], -1) @ matrix
    return y.reshape(x.shape[0], L, L, w.shape[2]) + b


def patches(x, w, b):
    nine = jnp.concatenate([jnp.roll(x, (-i, -j), (1, 2)) for i, j in TAPS], -1)
    return nine @ w.reshape(9 * w.shape[1], w.shape[2]) + b


def net(layers, x):
    layer = {"conv": conv, "dense": dense, "patches": patches}[args.variant]
    x = x[..., None]
    for w, b in layers[:-1]:
        x = layer(x, w, b)
        x = jnp.where(x > 0, x, 0.01 * x)
    x = jnp.tanh(layer(x, *layers[-1]))
    return x[..., 0], x[..., 1]


def init(key):
    couplings = []
    for _ in range(LAYERS):
        layers = []
        for inputs, outputs in zip(CHANNELS, CHANNELS[1:]):
            key, kw, kb = jax.random.split(key, 3)
            bound = 1 / math.sqrt(9 * inputs)
            w = jax.random.uniform(kw, (9, inputs, outputs), jnp.float32, -bound, bound)
            layers.append((w, jax.random.uniform(kb, (outputs,), jnp.float32, -bound, bound)))
        couplings.append(layers)
    return couplings


def flow(params, key):
    """Samples and log q."""
    x = jax.random.normal(key, (batch, L, L), jnp.float32)
    log_q = -0.5 * jnp.sum(x * x, (1, 2)) - 0.5 * V * math.log(2 * math.pi)
    for k, layers in enumerate(params):
        frozen = EVEN if k % 2 == 0 else 1 - EVEN
        s, t = net(layers, frozen * x)
        s = (1 - frozen) * s
        x = frozen * x + (1 - frozen) * (x * jnp.exp(s) + t)
        log_q = log_q - jnp.sum(s, (1, 2))
    return x, log_q


def neighbours(x):
    return sum(jnp.roll(x, d, mu) for mu in (1, 2) for d in (1, -1))


def action(x):
    x2 = x * x
    return jnp.sum((MASS2 + 4) * x2 - x * neighbours(x) + LAMBDA * x2 * x2, (1, 2))


def train():
    optimizer = optax.adam(1e-3)

    def loss(params, key):
        x, log_q = flow(params, key)
        return jnp.mean(log_q + action(x))

    def one(params, state, key):
        key, now = jax.random.split(key)
        value, gradient = jax.value_and_grad(loss)(params, now)
        change, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, change), state, key, value

    one = jax.jit(one, donate_argnums=(0, 1, 2))
    params = init(jax.random.PRNGKey(1))
    state = [params, optimizer.init(params), jax.random.PRNGKey(0), None]

    def step():
        state[:] = one(*state[:3])
        state[3].block_until_ready()

    return step


def sample():
    draw = jax.jit(flow)
    params = init(jax.random.PRNGKey(1))
    key = [jax.random.PRNGKey(0)]

    def step():
        key[0], now = jax.random.split(key[0])
        jax.block_until_ready(draw(params, now))

    return step


def hmc():
    def force(x):
        return -(2 * (MASS2 + 4) * x + 4 * LAMBDA * x * x * x - 2 * neighbours(x))

    @jax.jit
    def trajectory(x, key):
        key, for_momenta, for_accept = jax.random.split(key, 3)
        p = jax.random.normal(for_momenta, x.shape, jnp.float32)
        before = action(x) + 0.5 * jnp.sum(p * p, (1, 2))
        y, p = x, p + 0.5 * STEP * force(x)
        for _ in range(LEAPFROG_STEPS - 1):
            y = y + STEP * p
            p = p + STEP * force(y)
        y = y + STEP * p
        p = p + 0.5 * STEP * force(y)
        after = action(y) + 0.5 * jnp.sum(p * p, (1, 2))
        accept = jax.random.uniform(for_accept, (batch,)) < jnp.exp(before - after)
        return jnp.where(accept[:, None, None], y, x), key, accept

    state = [0.3 * jax.random.normal(jax.random.PRNGKey(0), (batch, L, L), jnp.float32), jax.random.PRNGKey(1)]

    def step():
        x, key, accept = trajectory(*state)
        accept.block_until_ready()
        state[:] = [x, key]

    return step


step = {"train": train, "sample": sample, "hmc": hmc}[kind]()
report(step, args.seconds, workload=args.workload, framework=f"jax {jax.__version__}", variant=args.variant,
       threads=args.threads, device=device.device_kind)
