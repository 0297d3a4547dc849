// Logarithms and eigenphases of SU(2).
//
// in    matrices, elements of the algebra, numbers for the phases
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/su2.rs
#import su2
#import atan2

alias Phases = array<f32, 2>;
const PHASES: u32 = 2u;

// The direction of a vector and its length, through a power of two near the largest component.
fn su2_length(v: vec3<f32>) -> vec4<f32> {
    let size = max(max(abs(v.x), abs(v.y)), abs(v.z));
    let scale = bitcast<f32>(max(bitcast<u32>(size) & 0x7f800000u, 0x00800000u));
    let w = v / scale;
    let length = sqrt(fma(w.z, w.z, fma(w.y, w.y, w.x * w.x)));
    return vec4(w / select(1.0, length, length > 0.0), length * scale);
}

// a g + b n × g + (1 − a) (n·g) n
fn su2_along(n: vec3<f32>, g: Algebra, a: f32, b: f32) -> Algebra {
    let v = vec3(g[0], g[1], g[2]);
    let y = a * v + b * cross(n, v) + ((1.0 - a) * dot(n, v)) * n;
    return Algebra(y.x, y.y, y.z);
}

fn group_log(u: Matrix) -> Algebra {
    var n = su2_length(vec3(u[1], u[2], u[3]));
    let half = atan2_(n.w, u[0]);
    if (u[0] < 0.0 && n.w == 0.0) {
        n.z = 1.0;
    }
    let angle = half + half;
    return Algebra(angle * n.x, angle * n.y, angle * n.z);
}

fn group_tangent_of_log(w: Algebra, g: Algebra) -> Algebra {
    let n = su2_length(vec3(w[0], w[1], w[2]));
    let x = 0.5 * n.w;
    let sine = sin_(x);
    let small = x < 1e-18;
    let cot = select(x * cos_(x) / select(sine, 1.0, small), 1.0, small);
    return su2_along(n.xyz, g, cot, -x);
}

fn group_eigenphases(u: Matrix) -> Phases {
    let angle = atan2_(su2_length(vec3(u[1], u[2], u[3])).w, u[0]);
    return Phases(angle, -angle);
}

fn group_tangent_of_eigenphases(u: Matrix, c: Phases) -> Algebra {
    let n = 0.5 * (c[0] - c[1]) * su2_length(vec3(u[1], u[2], u[3])).xyz;
    return Algebra(n.x, n.y, n.z);
}
