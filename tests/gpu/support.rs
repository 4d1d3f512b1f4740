//! What the tests of the device share.

use spherec::Result;
use spherec::gpu::{AdapterChoice, Gpu, shader};
use spherec::selftest::{Comparison, made_up_steps};
use spherec::step::{Build, Grain};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// As subgroups are used, but with a quarter as much held by a thread. A software driver compiles the whole for seconds;
/// training on the checkerboard runs it, and so do some of the made-up steps.
pub(crate) const SMALL: Grain = Grain { held_chunks: Grain::CPU.held_chunks / 4, ..Grain::CPU };

/// The adapter under test: `SPHEREC_ADAPTER`, else the best. Without one the tests fail with the line that
/// says what to install.
pub(crate) fn gpu() -> Arc<Gpu> {
    static GPU: OnceLock<Arc<Gpu>> = OnceLock::new();
    Arc::clone(GPU.get_or_init(|| open(Gpu::open)))
}

/// The same adapter without its optional features, and with no more buffers bound at once than every adapter has.
pub(crate) fn plain_gpu() -> Arc<Gpu> {
    static GPU: OnceLock<Arc<Gpu>> = OnceLock::new();
    Arc::clone(GPU.get_or_init(|| open(Gpu::open_plain)))
}

/// The same adapter, with bindings of `bytes` at most.
pub(crate) fn gpu_with_bindings(bytes: u64) -> Arc<Gpu> {
    open(|choice| Gpu::open_with_bindings(choice, bytes))
}

pub(crate) fn open(by: impl Fn(&AdapterChoice) -> Result<Gpu>) -> Arc<Gpu> {
    let choice = match std::env::var("SPHEREC_ADAPTER") {
        Ok(name) => AdapterChoice::Named(name),
        Err(_) => AdapterChoice::Best,
    };
    Arc::new(by(&choice).unwrap_or_else(|error| panic!("{error}")))
}

/// Whether the adapter has the subgroups that some kernels use. If not, that is told, or fails if the variable
/// `SPHEREC_EXPECT_SUBGROUPS` is set.
pub(crate) fn has_subgroups() -> bool {
    let has_them = gpu().suits(&Grain::CPU);
    if !has_them {
        println!("NOT RUN: this adapter has no subgroups of {} threads", Grain::CPU.subgroup_lanes);
        assert!(std::env::var_os("SPHEREC_EXPECT_SUBGROUPS").is_none(), "subgroups are expected here");
    }
    has_them
}

/// Runs kernel `name` and its twin on every step that has it.
pub(crate) fn equals_its_twin(name: &str) {
    let text = shader::kernel(name).unwrap();
    let mut count = 0;
    for case in made_up_steps() {
        let Some(comparison) = Comparison::new(&gpu(), name, &case).unwrap() else { continue };
        let agreement = comparison.run(&gpu(), text).unwrap();
        count += 1;
        println!("{name}, {}: {:.3} of the tolerance used", case.name, agreement.worst_share);
        assert_eq!(agreement.failure, None);
    }
    assert!(count > 0, "no step runs {name}");
}

/// Puts each defect (the step that shows it, text, what it becomes) into kernel `name`: the comparison with the twin
/// must see it. Steps that the adapter cannot run are told.
pub(crate) fn defects_are_seen(name: &str, defects: &[(&str, &str, &str)]) {
    let text = shader::kernel(name).unwrap();
    let unseen = defects.iter().filter(|(step, from, to)| !is_seen(step, name, text, from, to));
    let unseen: Vec<_> = unseen.collect();
    assert!(unseen.is_empty(), "{name}: these went unseen: {unseen:#?}");
}

/// As [`defects_are_seen`], for defects (step, kernel, text, what it becomes) in the text of kernels with all that they
/// include.
pub(crate) fn composed_defects_are_seen(defects: &[(&str, &str, &str, &str)]) {
    let unseen = defects.iter().filter(|(step, name, from, to)| !is_composed_seen(step, name, from, to));
    let unseen: Vec<_> = unseen.collect();
    assert!(unseen.is_empty(), "these went unseen: {unseen:#?}");
}

fn is_composed_seen(step: &str, name: &str, from: &str, to: &str) -> bool {
    let Some(comparison) = comparison(step, name) else { return true };
    let (build, text) = (comparison.build(), shader::kernel(name).unwrap());
    // The includes are put in by hand; what is to be repeated stays as written, but for the broadcasts' lanes.
    let lanes = build.constants.iter().filter(|(constant, _)| *constant == "lane_count").copied().collect();
    let whole = shader::compose(text, &Build { constants: lanes, ..build.clone() }).unwrap();
    let whole = whole.replace("// include:", "// includes:");
    assert_eq!(
        shader::compose(&whole, &build).unwrap(),
        shader::compose(text, &build).unwrap().replace("// include:", "// includes:")
    );
    is_seen(step, name, &whole, from, to)
}

/// Whether the comparison sees the defect; true, and told, if the adapter cannot run the step.
fn is_seen(step: &str, name: &str, text: &str, from: &str, to: &str) -> bool {
    assert_eq!(text.matches(from).count(), 1, "{name}: {from:?} must occur once");
    let Some(comparison) = comparison(step, name) else { return true };
    let agreement = comparison.run(&gpu(), &text.replace(from, to));
    let agreement = agreement.unwrap_or_else(|error| panic!("{name}, {from:?} -> {to:?}: {error}"));
    let is_seen = agreement.failure.is_some();
    // An adapter that binds few buffers runs the step with fewer shards a dispatch, where some defects change nothing.
    let is_whole = comparison.binds_all_shards();
    if !is_seen && !is_whole {
        println!("NOT RUN: {name}, {from:?} -> {to:?}: this adapter binds too few shards at once");
    }
    is_seen || !is_whole
}

/// The kernel on the step, made once for all tests. `None`, and told, if the adapter lacks the step's subgroups.
fn comparison(step: &str, name: &str) -> Option<Arc<Comparison>> {
    type Comparisons = Mutex<HashMap<(String, String), Option<Arc<Comparison>>>>;
    static MADE: OnceLock<Comparisons> = OnceLock::new();
    let steps = made_up_steps();
    let case =
        steps.iter().find(|case| case.name == step).unwrap_or_else(|| panic!("there is no step {step:?}"));
    let key = (step.to_owned(), name.to_owned());
    let kept = MADE.get_or_init(Default::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let found = kept.get(&key).cloned();
    drop(kept);
    let comparison = found.unwrap_or_else(|| {
        let made = Comparison::new(&gpu(), name, case).unwrap().map(Arc::new);
        let mut kept =
            MADE.get_or_init(Default::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        kept.insert(key, made.clone());
        made
    });
    if comparison.is_none() {
        assert!(!gpu().suits(&case.grain), "{step:?} does not run {name}");
        println!("NOT RUN: {name} on {step}, which this adapter cannot run");
    }
    comparison
}
