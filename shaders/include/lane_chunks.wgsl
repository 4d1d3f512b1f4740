// Which vec4 of a table's row a lane has, one after another: neighbours where every lane waits for memory by
// itself (a CPU, one cache line a lane), lane_count apart where all lanes read at once (a GPU).
override chunks_per_lane: u32 = 1u;
override lane_stride: u32 = 1u;     // chunks_per_lane, or 1
override chunk_stride: u32 = 32u;   // 1, or lane_count

fn lane_chunk(lane: u32, index: u32) -> u32 { return lane * lane_stride + index * chunk_stride; }
