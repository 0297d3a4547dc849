// The two staples of the link at a row and in direction mu, in the plane of mu and nu.
//
// in    u_matrix(mu, row): links; around(): see `around_table`; ROWS, DIRECTIONS
// out   matrices
// see   lattice-tensor/src/ops/staple.rs, momentum_update.rs

// The row at one step along mu; against it; along mu and against nu.
fn ahead(row: u32, mu: u32) -> u32 {
    return tables[around() + mu * ROWS + row];
}

fn behind(row: u32, mu: u32) -> u32 {
    return tables[around() + (DIRECTIONS + mu) * ROWS + row];
}

fn aside(row: u32, mu: u32, nu: u32) -> u32 {
    return tables[around() + ((2u + mu) * DIRECTIONS + nu) * ROWS + row];
}

// U_ν(x+μ) U_μ(x+ν)† U_ν(x)†
fn above(row: u32, mu: u32, nu: u32) -> Matrix {
    let there = u_matrix(nu, ahead(row, mu));
    let back = group_multiply_adjoint(there, u_matrix(mu, ahead(row, nu)));
    return group_multiply_adjoint(back, u_matrix(nu, row));
}

// U_ν(x+μ−ν)† U_μ(x−ν)† U_ν(x−ν)
fn below(row: u32, mu: u32, nu: u32) -> Matrix {
    let from_below = behind(row, nu);
    let edge = group_multiply(u_matrix(mu, from_below), u_matrix(nu, aside(row, mu, nu)));
    return group_adjoint_multiply(edge, u_matrix(nu, from_below));
}
