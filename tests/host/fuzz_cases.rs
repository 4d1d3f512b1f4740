//! Cases of the fuzz targets, replayed: seeds, and inputs that once broke something.

#[path = "../support/fuzz.rs"]
mod fuzz;
#[path = "../support/fuzz_cases.rs"]
mod replay;

use replay::replay;

#[test]
fn interactions() {
    replay("interactions", fuzz::interactions);
}

#[test]
fn options() {
    replay("options", fuzz::options);
}

#[test]
fn json_rows() {
    replay("json_rows", fuzz::json_rows);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet() {
    replay("parquet", fuzz::parquet);
}

#[test]
fn labels() {
    replay("labels", fuzz::labels);
}

#[test]
fn features() {
    replay("features", fuzz::features);
}

#[test]
fn model() {
    replay("model", fuzz::model);
}

#[test]
fn results() {
    replay("results", fuzz::results);
}

#[test]
fn round_trip() {
    replay("round_trip", fuzz::round_trip);
}
