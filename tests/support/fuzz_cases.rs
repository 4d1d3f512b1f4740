//! Replays the cases of a fuzz target.

use std::fs;
use std::path::Path;

/// Calls `run` with each file in `tests/fuzz_cases/TARGET`. Files named `seed-...` must be accepted: a fuzzer
/// that starts from them gets past the first checks.
pub(crate) fn replay(target: &str, run: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_cases").join(target);
    let mut seed_count = 0;
    for entry in fs::read_dir(folder).expect("the cases of a target") {
        let path = entry.expect("a case").path();
        let is_accepted = run(&fs::read(&path).expect("a case"));
        let is_seed = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"seed-"));
        assert!(is_accepted || !is_seed, "{} is refused", path.display());
        seed_count += usize::from(is_seed);
    }
    assert!(seed_count > 0, "{target} has no seeds");
}
