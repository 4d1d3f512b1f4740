// What a table keeps of each row beside its numbers, so that the length of a row that has drifted is known
// before the row is read.
struct RowState {
    squares: f32,           // |x|^2
    along: f32,             // x . drift
    drift_squares: f32,     // |drift|^2
    last_step: u32,         // the step that last touched the row; 0: none yet
}
