// Writing rows after a step that leaves untouched rows in place, as the geometry wants them.
@group(0) @binding(1{s}) var<storage, read_write> rows_{s}: array<vec4<f32>>;         // (shard rows, D/4)

// {s} begins
fn write_row_{s}(row: u32, x: Part, lane: u32) {
    let index = row * chunk_count + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { rows_{s}[index] = x.a; }
    if has_chunk(lane, 1u) { rows_{s}[index + 1u] = x.b; }
    if has_chunk(lane, 2u) { rows_{s}[index + 2u] = x.c; }
    if has_chunk(lane, 3u) { rows_{s}[index + 3u] = x.d; }
}
// {s} ends

// Writes the lane's part of a row, of which the step made x with |x|^2 = squares; returns |x|^2 as it is written.
fn write_settled(place: Place, x: Part, squares: f32, lane: u32) -> f32 {
    let scale = settled_scale(squares);
    let settled = part_plus(no_part(), scale, x);
    if place.shard == {s}u { write_row_{s}(place.row, settled, lane); }
    return squares * scale * scale;
}
