// Writes a lane's part of the gradient in a row slot.
fn write_gradient_part(slot: u32, lane: u32, part: Part) {
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { gradients[at] = part.a; }
    if has_chunk(lane, 1u) { gradients[at + 1u] = part.b; }
    if has_chunk(lane, 2u) { gradients[at + 2u] = part.c; }
    if has_chunk(lane, 3u) { gradients[at + 3u] = part.d; }
}
