// Periodic convolution: y_o(x) = b_o + Σ_d Σ_i w_{d,i,o} f_i(x + d), d over the taps that have neighbours at all; and
// its gradient with respect to f, which is one too, f̄_i(x) = Σ_d Σ_o w_{d,i,o} ȳ_o(x − d).
//
// in    f(c, row): INPUTS channels; hops(): [d][row of y]; w(n): the weights in fours of outputs, [d][i][QUADS], then
//       biases [QUADS] if BIASED
// out   y(c, row): OUTPUTS channels; an item is one row, or two (PAIRED), of one four of channels, or two (WIDE)
// see   lattice-tensor/src/ops/conv.rs
#import hops
fn conv_at(x: Hop, i: u32) -> f32 {
    return select(0.0, x.phase.x * f(i, x.row), x.exists);
}

fn conv_store(quad: u32, row: u32, values: vec4<f32>) {
    for (var k = 0u; k < 4u; k++) {
        if (4u * quad + k < OUTPUTS) {
            y(4u * quad + k, row, values[k]);
        }
    }
}

fn conv(item: u32) {
    let row = item % ITEM_ROWS;
    let quad = select(1u, 2u, WIDE) * (item / ITEM_ROWS);
    let paired = PAIRED && row + ITEM_ROWS < ROWS;
    let other = select(row, row + ITEM_ROWS, paired);
    var s = vec4(0.0);
    var s_wide = vec4(0.0);
    if (BIASED) {
        s = w(TAPS * INPUTS * QUADS + quad);
        if (WIDE) {
            s_wide = w(TAPS * INPUTS * QUADS + quad + 1u);
        }
    }
    var t = s;
    var t_wide = s_wide;
    for (var d = 0u; d < bound(TAPS); d++) {
        let x = hop(hops(), d * ROWS + row);
        let z = hop(hops(), d * ROWS + other);
        var n = d * INPUTS * QUADS + quad;
        for (var i = 0u; i < bound(INPUTS); i++) {
            let v = w(n);
            let fx = conv_at(x, i);
            s = fma(vec4(fx), v, s);
            if (PAIRED) {
                let fz = conv_at(z, i);
                t = fma(vec4(fz), v, t);
                if (WIDE) {
                    t_wide = fma(vec4(fz), w(n + 1u), t_wide);
                }
            }
            if (WIDE) {
                s_wide = fma(vec4(fx), w(n + 1u), s_wide);
            }
            n += QUADS;
        }
    }
    conv_store(quad, row, s);
    if (WIDE) {
        conv_store(quad + 1u, row, s_wide);
    }
    if (paired) {
        conv_store(quad, other, t);
        if (WIDE) {
            conv_store(quad + 1u, other, t_wide);
        }
    }
}
