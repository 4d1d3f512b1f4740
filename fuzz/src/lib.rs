//! The functions that the targets call. They lie in `tests/support/`, where a test replays the cases that were found.
#![deny(unsafe_code)]
#![allow(dead_code, reason = "no target uses all of the command line")]

#[path = "../../src/cli/mod.rs"]
mod cli;
#[path = "../../tests/support/fuzz.rs"]
mod fuzz;
#[path = "../../tests/support/fuzz_cli.rs"]
mod fuzz_cli;

macro_rules! targets {
    ($($room:ident::$name:ident),*) => {
        $(
            /// Runs one case.
            pub fn $name(bytes: &[u8]) {
                $room::$name(bytes);
            }
        )*
    };
}

targets!(
    fuzz::interactions,
    fuzz::options,
    fuzz::json_rows,
    fuzz::parquet,
    fuzz::labels,
    fuzz::features,
    fuzz::model,
    fuzz::results,
    fuzz::round_trip,
    fuzz_cli::config,
    fuzz_cli::curves
);
