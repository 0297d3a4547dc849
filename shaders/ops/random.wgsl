// Uniform numbers in [0, 1) or normal ones: four elements e = row · components + component from one counter,
// (e / 4, sample, step, high bits of sample and step).
//
// in    key(): of seed and stream; run.draw: below 2⁴⁸; NORMAL; COMPONENTS, ROWS of y
// out   y(c, row): four numbers an item
// see   lattice-tensor/src/random.rs
#import random
fn random(item: u32) {
    let low = run.draw.x + run.first + sample;
    let high = run.draw.z + select(0u, 1u, low < run.draw.x);
    let words = philox4x32(vec4(item, low, run.draw.y, (high << 16u) | run.draw.w), key());
    var values = unit(words);
    if (NORMAL) {
        values = normal(centred(words));
    }
    for (var k = 0u; k < 4u; k++) {
        let e = 4u * item + k;
        if (e < ROWS * COMPONENTS) {
            y(e % COMPONENTS, e / COMPONENTS, values[k]);
        }
    }
}
