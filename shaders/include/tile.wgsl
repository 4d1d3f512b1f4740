// A matrix product in tiles: a workgroup of 16 x 16 threads makes 64 rows x 64 columns, a thread four rows x one quad
// of columns. The workgroup reads 16 terms of the sums at a time into workgroup memory. `left` and `right` hold them as
// vec4 in the order in which threads read them; what a vec4 holds is up to the form of the product.
const tile: u32 = 64u;          // rows, and columns, of a workgroup
const side: u32 = 16u;          // threads along each side
const depth: u32 = 16u;         // terms in workgroup memory at a time

var<workgroup> left: array<vec4<f32>, 256>;
var<workgroup> right: array<vec4<f32>, 256>;

// Four rows x one quad of columns.
struct Sums {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn no_sums() -> Sums { return Sums(vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0), vec4<f32>(0.0)); }

// Where a vec4 goes that has four terms of row (or column) `line`.
fn place_by_line(line: u32, chunk: u32) -> u32 { return chunk * tile + (line % 4u) * side + line / 4u; }

// Where a vec4 goes that has one term of the rows (or columns) 4 quad ... 4 quad + 3.
fn place_by_term(term: u32, quad: u32) -> u32 { return term * side + quad; }

fn rows_of_left(at: u32) -> mat4x4<f32> {
    return mat4x4<f32>(left[at], left[at + side], left[at + 2u * side], left[at + 3u * side]);
}

fn rows_of_right(at: u32) -> mat4x4<f32> {
    return mat4x4<f32>(right[at], right[at + side], right[at + 2u * side], right[at + 3u * side]);
}

// Both sides by line: rows . columns.
fn lines_by_lines(sums: Sums, x: u32, y: u32) -> Sums {
    var it = sums;
    for (var chunk = 0u; chunk < depth / 4u; chunk += 1u) {
        let rows = rows_of_left(chunk * tile + y);
        let columns = rows_of_right(chunk * tile + x);
        // A row vector times a matrix: the dot product with each column.
        it.a += rows[0] * columns;
        it.b += rows[1] * columns;
        it.c += rows[2] * columns;
        it.d += rows[3] * columns;
    }
    return it;
}

// The left side by line, the right by term.
fn lines_by_terms(sums: Sums, x: u32, y: u32) -> Sums {
    var it = sums;
    for (var chunk = 0u; chunk < depth / 4u; chunk += 1u) {
        let rows = rows_of_left(chunk * tile + y);
        let terms = rows_of_right(4u * chunk * side + x);
        it.a += terms * rows[0];
        it.b += terms * rows[1];
        it.c += terms * rows[2];
        it.d += terms * rows[3];
    }
    return it;
}

// Both sides by term.
fn terms_by_terms(sums: Sums, x: u32, y: u32) -> Sums {
    var it = sums;
    for (var term = 0u; term < depth; term += 1u) {
        let rows = left[term * side + y];
        let columns = right[term * side + x];
        it.a += rows.x * columns;
        it.b += rows.y * columns;
        it.c += rows.z * columns;
        it.d += rows.w * columns;
    }
    return it;
}
