// What a table keeps of each row beside its numbers, so that the length of a row that has drifted is known
// before the row is read; and the row's item bias, which moves as a number of the row does.
struct RowState {
    squares: f32,           // |x|^2
    along: f32,             // x . drift
    drift_squares: f32,     // |drift|^2
    bias: f32,              // o_j; 0 for users
    bias_drift: f32,        // as the tables hold drifts
    bias_variance: f32,
    unused_0: f32,
    last_step: u32,         // the step that last touched the row; 0: none yet
}

@group(0) @binding(4{s}) var<storage, read_write> row_states_{s}: array<RowState>;     // (shard rows)

fn read_state(place: Place) -> RowState {
    var value = RowState();
    if place.shard == {s}u { value = row_states_{s}[place.row]; }
    return value;
}

fn write_state(place: Place, value: RowState) {
    if place.shard == {s}u { row_states_{s}[place.row] = value; }
}
