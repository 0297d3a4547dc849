"""Exponentials of a million elements of su(3) in JAX, PyTorch or SciPy: python exp_su3.py jax|torch|scipy f32|f64 SECONDS

Prints a line of JSON for each form: the library's exponential of a batch of matrices and, for JAX, the Taylor polynomial of
`su3_jax.py`, matrix indices outermost.
"""

import sys

import numpy as np

from clock import report

NAME, DTYPE, SECONDS = sys.argv[1], sys.argv[2], float(sys.argv[3])
COMPLEX = np.complex64 if DTYPE == "f32" else np.complex128
COUNT = 10**6
ORDER = 8 if DTYPE == "f32" else 10

rng = np.random.default_rng(0)
a = rng.normal(size=(COUNT, 3, 3)) + 1j * rng.normal(size=(COUNT, 3, 3))
a = 0.1 * (a - a.conj().swapaxes(1, 2))
a -= np.trace(a, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
a = a.astype(COMPLEX)


def timed(form, step):
    report(step, SECONDS, workload="su3_exp", framework=NAME, form=form, dtype=DTYPE, matrices=COUNT)


if NAME == "scipy":
    import scipy.linalg

    # A hundredth, as its time is that of one matrix after the other.
    part = a[: COUNT // 100]
    report(
        lambda: scipy.linalg.expm(part),
        SECONDS,
        workload="su3_exp",
        framework=NAME,
        form="expm",
        dtype=DTYPE,
        matrices=len(part),
    )
elif NAME == "torch":
    import torch

    x = torch.from_numpy(a)
    timed("matrix_exp", lambda: torch.matrix_exp(x))
else:
    import jax

    jax.config.update("jax_enable_x64", DTYPE == "f64")
    import jax.numpy as jnp

    x = jnp.asarray(a)
    library = jax.jit(jax.vmap(jax.scipy.linalg.expm))
    timed("expm", lambda: library(x).block_until_ready())

    outermost = jnp.asarray(np.ascontiguousarray(np.moveaxis(a, 0, 2)))
    one = jnp.broadcast_to(jnp.eye(3, dtype=outermost.dtype)[:, :, None], outermost.shape)

    @jax.jit
    def taylor(x):
        result = one
        for k in range(ORDER, 0, -1):
            result = one + (x[:, :, None] * result[None]).sum(1) / k
        return result

    timed("Taylor", lambda: taylor(outermost).block_until_ready())
