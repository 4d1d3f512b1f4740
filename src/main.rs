//! The command line: `spherec doctor`, `train`, `evaluate`, `recommend` and the rest.

mod cli;
#[cfg(test)]
#[path = "../tests/support/fuzz_cases.rs"]
mod fuzz_cases;
#[cfg(test)]
#[path = "../tests/support/fuzz_cli.rs"]
mod fuzz_cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

#[cfg(test)]
mod tests {
    use super::{fuzz_cases, fuzz_cli};

    #[test]
    fn config_files_that_a_fuzzer_found() {
        fuzz_cases::replay("config", fuzz_cli::config);
    }

    #[test]
    fn training_logs_that_a_fuzzer_found() {
        fuzz_cases::replay("curves", fuzz_cli::curves);
    }
}
