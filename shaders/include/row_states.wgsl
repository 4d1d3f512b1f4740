// What a table keeps of each row beside its numbers, so that the length of a row that has drifted is known
// before the row is read.
struct RowState {
    squares: f32,           // |x|^2
    along: f32,             // x . drift
    drift_squares: f32,     // |drift|^2
    last_step: u32,         // the step that last touched the row; 0: none yet
}

@group(0) @binding(4{s}) var<storage, read_write> row_states_{s}: array<RowState>;     // (shard rows)

fn read_state(place: Place) -> RowState {
    var value = RowState(0.0, 0.0, 0.0, 0u);
    if place.shard == {s}u { value = row_states_{s}[place.row]; }
    return value;
}

fn write_state(place: Place, value: RowState) {
    if place.shard == {s}u { row_states_{s}[place.row] = value; }
}
