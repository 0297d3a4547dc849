"""4D SU(3) leapfrog steps in JAX: force, momentum update, exponential and link update of all links.

python su3_jax.py EXTENT f32|f64 SECONDS   prints one line of JSON

Matrix indices stand outermost, (3, 3, t, z, y, x), products are one multiplication and one sum. The
exponential is Taylor's, of order 8 in f32 and 10 in f64.
"""

import sys

import jax

L, DTYPE, SECONDS = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
if DTYPE == "f64":
    jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np

from clock import report

COMPLEX = jnp.complex128 if DTYPE == "f64" else jnp.complex64
ORDER = 10 if DTYPE == "f64" else 8
SHAPE = (L,) * 4
ONE = jnp.broadcast_to(jnp.eye(3, dtype=COMPLEX)[:, :, None, None, None, None], (3, 3) + SHAPE)


def mul(a, b):
    return (a[:, :, None] * b[None]).sum(1)


def dagger(a):
    return jnp.swapaxes(a.conj(), 0, 1)


def shift(a, mu, steps):
    return jnp.roll(a, -steps, mu + 2)


def project(a):
    """The traceless anti-Hermitian part."""
    a = 0.5 * (a - dagger(a))
    return a - (a[0, 0] + a[1, 1] + a[2, 2]) / 3 * ONE


def staple(u, mu):
    total = 0
    for nu in range(4):
        if nu != mu:
            ahead = shift(u[nu], mu, 1)
            above = mul(mul(ahead, dagger(shift(u[mu], nu, 1))), dagger(u[nu]))
            below = mul(dagger(mul(u[mu], ahead)), u[nu])
            total = total + above + shift(below, nu, -1)
    return total


def exp(a):
    result = ONE
    for k in range(ORDER, 0, -1):
        result = ONE + mul(a, result) / k
    return result


@jax.jit
def step(u, p):
    eps = 0.05
    p = [p[mu] - eps * project(mul(u[mu], staple(u, mu))) for mu in range(4)]
    return [mul(exp(eps * p[mu]), u[mu]) for mu in range(4)], p


def random_links(seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(4,) + SHAPE + (3, 3)) + 1j * rng.normal(size=(4,) + SHAPE + (3, 3))
    q, _ = np.linalg.qr(a)
    q /= np.linalg.det(q)[..., None, None] ** (1 / 3)
    return [jnp.asarray(np.moveaxis(x, (-2, -1), (0, 1)), COMPLEX) for x in q]


state = [random_links(0), [project(x) for x in random_links(1)]]


def once():
    state[:] = step(*state)
    jax.block_until_ready(state)


report(once, SECONDS, workload=f"su3_step_{L}^4", framework="jax", dtype=DTYPE)
