//! How a kernel's text is put together: lines that stand for several copies, and files that stand in for an include.

use spherec::gpu::shader;
use spherec::step::Build;

/// A build with these constants alone.
fn build(constants: &[(&'static str, f64)]) -> Build {
    Build { constants: constants.to_vec(), includes: Vec::new() }
}

#[test]
fn adjacent_lines_are_repeated_together() {
    let text = "// {b}\na{b}\nb{b}_{i}\nc{i}\nd";
    let constants = [("blocks_per_segment", 2.0), ("lane_count", 2.0)];
    let lines = "// {b}\na0\nb0_0\nb0_1\na1\nb1_0\nc0\nb1_1\nc1\nd\n";
    assert_eq!(shader::compose(text, &build(&constants)).unwrap(), lines);
    // A mark without a count stays.
    assert_eq!(shader::compose("a{b}{i}", &build(&constants[..1])).unwrap(), "a0{i}\na1{i}\n");
}

#[test]
fn all_between_two_marks_is_repeated_together() {
    let text = "a\n// {s} begins\n// of {s}\nb{s}\nc\n// {s} ends\nd{s}\ne";
    let copy = |s: u32| format!("// {s} begins\n// of {s}\nb{s}\nc\n");
    let lines = format!("a\n{}{}// {{s}} ends\nd0\nd1\ne\n", copy(0), copy(1));
    assert_eq!(shader::compose(text, &build(&[("shards_per_dispatch", 2.0)])).unwrap(), lines);
}

#[test]
fn several_files_may_stand_in_for_an_include() {
    let includes = vec![("x", "block pair_scores_shared")];
    let text = shader::compose("// include: x\n", &Build { constants: Vec::new(), includes }).unwrap();
    assert!(text.find("fn block_pairs").unwrap() < text.find("fn dispatch_pairs").unwrap());
}
