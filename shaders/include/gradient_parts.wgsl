// A lane's part of the gradient in a row slot.
fn gradient_part(slot: u32, lane: u32) -> Part {
    var part = no_part();
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { part.a = gradients[at]; }
    if has_chunk(lane, 1u) { part.b = gradients[at + 1u]; }
    if has_chunk(lane, 2u) { part.c = gradients[at + 2u]; }
    if has_chunk(lane, 3u) { part.d = gradients[at + 3u]; }
    return part;
}
