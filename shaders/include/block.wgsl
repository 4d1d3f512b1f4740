// The similarities of stage 2 are made and drawn from in blocks of pairs, so that they fit one binding.
struct Block {
    first_pair: u32,    // the first pair of this dispatch in the batch
    first_row: u32,     // its row in the similarities
    pair_count: u32,    // pairs of this dispatch at most
    unused_0: u32,
}

@group(0) @binding(2) var<uniform> block: Block;

// Where the similarity of a candidate begins: 0 for a row; -2 for a hole, whose vector is zero.
fn hole_score(slot: u32) -> f32 { return select(0.0, -2.0, row_of_slot(slot) == none); }

fn hole_scores(quad: u32) -> vec4<f32> {
    let slot = quad * 4u;
    return vec4<f32>(hole_score(slot), hole_score(slot + 1u), hole_score(slot + 2u), hole_score(slot + 3u));
}
