//! Tests that need no GPU, in one binary.

mod evaluate_golden;
mod evaluate_oracle;
mod recommend;
