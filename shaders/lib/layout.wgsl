// Where the numbers of a field lie: index = ((block · rows + row) · components + component) · ROW + lane.
//
// in    the number of an invocation: lanes run fastest, then rows, then blocks
// out   block, row and lane; the index of a number
// see   lattice-tensor/src/layout.rs

// Numbers in a row.
const ROW: u32 = 64u;
// Invocations in a workgroup, a multiple of ROW: the lanes of a row meet in workgroup memory.
override WG: u32 = 64u;

struct Place {
    block: u32,
    row: u32,
    lane: u32,
}

// A dispatch counts rows in x and y together, as one dimension holds no more than 65,535 workgroups.
fn place(id: vec3<u32>, groups: vec3<u32>, rows: u32) -> Place {
    let n = id.x + id.y * groups.x * WG;
    let row = n / ROW;
    return Place(row / rows, row % rows, n % ROW);
}

// A field's shape is its rows and its components.
fn index(shape: vec2<u32>, at: Place, component: u32) -> u32 {
    return ((at.block * shape.x + at.row) * shape.y + component) * ROW + at.lane;
}

// The four components of a tile; those past the last one repeat it and are not to be stored.
fn four(tile: u32, components: u32) -> vec4<u32> {
    return min(4u * tile + vec4(0u, 1u, 2u, 3u), vec4(components - 1u));
}
