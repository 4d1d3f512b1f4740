// A lane's part of a row of `gradients`: of a pair's user it is dL/dh by now.
fn own_gradient(slot: u32, lane: u32) -> Part {
    var part = no_part();
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { part.a = gradients[at]; }
    if has_chunk(lane, 1u) { part.b = gradients[at + 1u]; }
    if has_chunk(lane, 2u) { part.c = gradients[at + 2u]; }
    if has_chunk(lane, 3u) { part.d = gradients[at + 3u]; }
    return part;
}

fn write_own_gradient(slot: u32, lane: u32, g: Part) {
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { gradients[at] = g.a; }
    if has_chunk(lane, 1u) { gradients[at + 1u] = g.b; }
    if has_chunk(lane, 2u) { gradients[at + 2u] = g.c; }
    if has_chunk(lane, 3u) { gradients[at + 3u] = g.d; }
}
