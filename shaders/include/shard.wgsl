// A table is a list of row shards, each within one storage binding.
struct Shard {
    index: u32,
    first_row: u32,     // table row of the shard's first row
    row_count: u32,
    step: u32,          // row_catch_up: the step up to which rows are brought
}

@group(0) @binding(2) var<uniform> shard: Shard;
