// A table is a list of row shards, each within one storage binding. A dispatch covers several of them, no more
// than the adapter binds at once. Lines with {s}, and all from `// {s} begins` to `// {s} ends`, stand for one
// copy for each of these (src/gpu/shader.rs).
struct Shards {
    first: u32,             // position in the list of the first that the dispatch covers
    end: u32,               // and of the first after these
    first_row: u32,         // table row of their first row
    row_count: u32,         // rows of all of them
    rows_per_shard: u32,    // of every shard but the table's last
    step: u32,              // row_catch_up: the step up to which rows are brought
}

@group(0) @binding(2) var<uniform> shards: Shards;

override shards_per_dispatch: u32 = 1u;

// Where a row of the tables is.
struct Place {
    shard: u32,     // counted from the first that the dispatch covers
    row: u32,       // counted from the shard's first
}

// The place of a table row that one of the shards has.
fn place_of_row(row: u32) -> Place {
    let index = row - shards.first_row;
    if shards_per_dispatch == 1u { return Place(0u, index); }
    return Place(index / shards.rows_per_shard, index % shards.rows_per_shard);
}
