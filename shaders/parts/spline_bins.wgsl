// What maps and tangents of splines share: shares of the bins, and the bin that holds a point.
//
// in    p(c, row): parameters; BINS, CIRCULAR
// out   lengths
// see   lattice-tensor/src/lanes/transform/spline.rs

// Half of the length of the whole.
fn spline_half() -> f32 {
    return select(1.0, 3.141592653589793, CIRCULAR);
}

fn spline_least() -> f32 {
    return 2.0 * spline_half() * 0.001;
}

fn spline_free() -> f32 {
    return 2.0 * spline_half() * (1.0 - f32(BINS) * 0.001);
}

// The largest parameter of widths (or of heights, from BINS on), and what makes lengths of e^(r − largest).
fn spline_scale(first: u32, row: u32) -> vec2<f32> {
    var most = p(first, row);
    for (var j = 1u; j < bound(BINS); j++) {
        most = max(most, p(first + j, row));
    }
    var sum = 0.0;
    for (var j = 0u; j < bound(BINS); j++) {
        sum += exp_(p(first + j, row) - most);
    }
    return vec2(most, spline_free() / sum);
}

// The length of bin j beyond the least one.
fn spline_share(first: u32, j: u32, row: u32, scale: vec2<f32>) -> f32 {
    return exp_(p(first + j, row) - scale.x) * scale.y;
}

fn spline_bin(u: f32, row: u32, wide: vec2<f32>, high: vec2<f32>, inverse: bool) -> SplineBin {
    var left = -spline_half();
    var bottom = left;
    var bin = SplineBin(0u, left, bottom, 0.0, 0.0, 0.0, 0.0);
    for (var j = 0u; j < bound(BINS); j++) {
        let width = spline_share(0u, j, row, wide) + spline_least();
        let height = spline_share(BINS, j, row, high) + spline_least();
        if (j == 0u || !(u < select(left, bottom, inverse))) {
            bin = SplineBin(j, left, bottom, width, height, 0.0, 0.0);
        }
        left += width;
        bottom += height;
    }
    bin.first = p(2u * BINS + bin.number, row);
    bin.last = p(2u * BINS + select(bin.number + 1u, 0u, CIRCULAR && bin.number + 1u == BINS), row);
    return bin;
}
