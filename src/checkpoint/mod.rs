//! A training in progress on disk: `MODEL.training`, a folder beside the model's.
//!
//! It holds `metrics.jsonl`, a line an epoch; `run.json` with the ids and the split, which together say what is
//! trained; and `checkpoint-STEP` folders, the last two. Each of these is a run between two steps: the tables as they
//! lie in the device, the best embeddings so far, and where the run stands. Every file has its checksum in `SHA256SUMS`
//! and is flushed to the disk before its folder gets its name. A training that ends removes the folder.

mod features;
mod folder;
mod keeper;
mod saved;

pub use folder::TrainingFolder;
pub use keeper::{Keeper, Pace};
pub use saved::{Checkpoint, Run};
