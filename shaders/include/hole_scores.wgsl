// Where the score of a candidate begins: 0 for a row, -2 for a hole, whose vector is zero.
fn hole_score(slot: u32) -> f32 { return select(0.0, -2.0, row_of_slot(slot) == none); }

fn hole_scores(quad: u32) -> vec4<f32> {
    let slot = quad * 4u;
    return vec4<f32>(hole_score(slot), hole_score(slot + 1u), hole_score(slot + 2u), hole_score(slot + 3u));
}
