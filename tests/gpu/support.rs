//! What the tests of the device share.

use spherec::Result;
use spherec::gpu::{AdapterChoice, Gpu, Grain, shader};
use spherec::selftest::{Case, cases, check_kernel};
use std::sync::{Arc, OnceLock};

/// The adapter under test: `SPHEREC_ADAPTER`, else the best. Without one the tests fail with the line that
/// says what to install.
pub(crate) fn gpu() -> Arc<Gpu> {
    static GPU: OnceLock<Arc<Gpu>> = OnceLock::new();
    Arc::clone(GPU.get_or_init(|| open(Gpu::open)))
}

/// The same adapter without its optional features, and with no more buffers bound at once than every adapter has.
pub(crate) fn plain_gpu() -> Arc<Gpu> {
    open(Gpu::open_plain)
}

fn open(by: impl Fn(&AdapterChoice) -> Result<Gpu>) -> Arc<Gpu> {
    let choice = match std::env::var("SPHEREC_ADAPTER") {
        Ok(name) => AdapterChoice::Named(name),
        Err(_) => AdapterChoice::Best,
    };
    Arc::new(by(&choice).unwrap_or_else(|error| panic!("{error}")))
}

/// Whether the adapter has the subgroups that some kernels use. Where not, that is told, or fails if the variable
/// `SPHEREC_EXPECT_SUBGROUPS` is set.
pub(crate) fn has_subgroups() -> bool {
    let has_them = Grain::SUBGROUP.suits(&gpu());
    if !has_them {
        println!("NOT RUN: this adapter has no subgroups of {} threads", Grain::SUBGROUP.subgroup_lanes);
        assert!(std::env::var_os("SPHEREC_EXPECT_SUBGROUPS").is_none(), "subgroups are expected here");
    }
    has_them
}

/// Runs kernel `name` and its twin on every case.
pub(crate) fn equals_its_twin(name: &str) {
    let text = shader::kernel(name).unwrap();
    let mut case_count = 0;
    for case in cases() {
        let Some(outcome) = check_kernel(&gpu(), name, text, &case).unwrap() else { continue };
        case_count += 1;
        println!("{name}, {}: {:.3} of the tolerance used", case.name, outcome.worst_share);
        assert_eq!(outcome.failure, None);
    }
    assert!(case_count > 0, "no case runs {name}");
}

/// Puts each defect (text, what it becomes) into kernel `name`: the comparison with the twin must see it.
pub(crate) fn defects_are_seen(name: &str, defects: &[(&str, &str)]) {
    let text = shader::kernel(name).unwrap();
    for (from, to) in defects {
        defect_is_seen(name, text, from, to);
    }
}

/// As [`defects_are_seen`], for one defect in `text`, in which it must be possible once.
pub(crate) fn defect_is_seen(name: &str, text: &str, from: &str, to: &str) {
    defect_is_seen_on(&cases(), name, text, from, to);
}

/// As [`defect_is_seen`], where only some cases can run `text`.
pub(crate) fn defect_is_seen_on(cases: &[Case], name: &str, text: &str, from: &str, to: &str) {
    assert_eq!(text.matches(from).count(), 1, "{name}: {from:?} must occur once");
    let text = text.replace(from, to);
    let is_seen = cases.iter().any(|case| {
        let outcome =
            check_kernel(&gpu(), name, &text, case).unwrap_or_else(|error| panic!("{name}: {error}"));
        outcome.is_some_and(|outcome| outcome.failure.is_some())
    });
    assert!(is_seen, "{name}: {from:?} -> {to:?} went unseen");
}

/// A kernel's text with what it includes, as a text that includes nothing more, but repeats what it repeated.
pub(crate) fn composed(name: &str, constants: &[(&str, f64)]) -> String {
    let compose = |text: &str, constants| shader::compose(text, constants).unwrap();
    let text = compose(shader::kernel(name).unwrap(), constants).replace("// include:", "// includes:");
    let mut all: Vec<_> = shader::REPEATED.iter().map(|(_, name)| (*name, 3.0)).collect();
    all.retain(|(name, _)| constants.iter().all(|(given, _)| given != name));
    all.extend(constants);
    let again = compose(&text, &all);
    assert_eq!(again, compose(shader::kernel(name).unwrap(), &all).replace("// include:", "// includes:"));
    text
}
