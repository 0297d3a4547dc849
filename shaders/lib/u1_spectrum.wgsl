// Logarithms and eigenphases of U(1).
//
// in    matrices, elements of the algebra, numbers for the phases
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/u1.rs
#import u1
#import atan2

alias Phases = array<f32, 1>;
const PHASES: u32 = 1u;

fn group_log(u: Matrix) -> Algebra {
    return Algebra(atan2_(u[1], u[0]));
}

fn group_tangent_of_log(w: Algebra, g: Algebra) -> Algebra {
    return g;
}

fn group_eigenphases(u: Matrix) -> Phases {
    return Phases(atan2_(u[1], u[0]));
}

fn group_tangent_of_eigenphases(u: Matrix, c: Phases) -> Algebra {
    return Algebra(c[0]);
}
