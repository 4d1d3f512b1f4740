//! Replays the cases of a fuzz target.

use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

/// Calls `run` with each file in `tests/fuzz_cases/TARGET`. Files named `seed-...` must be accepted: a fuzzer
/// that starts from them gets past the first checks. Then with changed ones.
pub(crate) fn replay(target: &str, run: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_cases").join(target);
    let entries = fs::read_dir(folder).expect("the cases of a target");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a case").path()).collect();
    paths.sort();
    let (mut cases, mut seed_count) = (Vec::new(), 0);
    for path in paths {
        let case = fs::read(&path).expect("a case");
        let is_accepted = run(&case);
        let is_seed = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"seed-"));
        assert!(is_accepted || !is_seed, "{} is refused", path.display());
        seed_count += usize::from(is_seed);
        cases.push(case);
    }
    assert!(seed_count > 0, "{target} has no seeds");
    mutate(&cases, run);
}

/// Calls `run` with cases that are changed here and there: a very small fuzzer.
fn mutate(cases: &[Vec<u8>], run: fn(&[u8]) -> bool) {
    let place = any::<prop::sample::Index>;
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(case in place(), bytes in prop::collection::vec((place(), any::<u8>()), 0..4), cut in prop::option::of(place()), twice in any::<bool>())| {
        let mut case = case.get(cases).clone();
        for (at, byte) in bytes {
            if !case.is_empty() {
                let at = at.index(case.len());
                case[at] = byte;
            }
        }
        match cut {
            Some(at) => case.truncate(at.index(case.len() + 1)),
            None if twice => case.extend_from_within(..),
            None => {}
        }
        run(&case);
    });
}
