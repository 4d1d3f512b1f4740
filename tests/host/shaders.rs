//! The kernels' text, checked without a device: valid for the smallest one, translatable to every backend,
//! within the limits, and declared as Rust has it.

use naga::valid::{Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, TypeInner, back};
use spherec::gpu::layout::{Block, NONE, PairLoss, PlanHeader, RowState, Settings, Shards, StepSums};
use spherec::gpu::shader::{self, KERNELS};
use std::collections::BTreeSet;
use std::mem::offset_of;

fn module(name: &str) -> (Module, ModuleInfo) {
    let constants = CONSTANTS[1..].iter().find(|constants| suits(name, *constants)).unwrap();
    module_with(name, constants)
}

/// Whether the kernel is compiled with such constants.
fn suits(name: &str, constants: &[(&str, f64)]) -> bool {
    name != "candidate_score_subgroup" || constants.contains(&("subgroup_lanes", 8.0))
}

fn module_with(name: &str, constants: &[(&str, f64)]) -> (Module, ModuleInfo) {
    let text = shader::compose(shader::kernel(name).unwrap(), constants).unwrap();
    let module =
        naga::front::wgsl::parse_str(&text).unwrap_or_else(|e| panic!("{}", e.emit_to_string(&text)));
    // Subgroups are for those that have them; all else is for everybody.
    let may_use = constants.contains(&("subgroup_lanes", 8.0));
    let capabilities = if may_use { Capabilities::SUBGROUP } else { Capabilities::empty() };
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    if may_use {
        validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
    }
    let info = validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    (module, info)
}

/// Small steps, the defaults, the largest that a config may ask for, and threads that are one subgroup; Adam
/// and not; one shard a dispatch and several.
const CONSTANTS: [[(&str, f64); 21]; 5] = [
    constants([1, 8, 1, 1, 0, 1, 1, 0], 1),
    constants([32, 32, 1, 8, 1, 8, 1, 0], 1),
    constants([32, 64, 5, 8, 1, 16, 2, 0], 3),
    constants([256, 64, 1_000, 2_048, 1, 16, 1, 0], 1),
    constants([45, 8, 5, 8, 1, 1, 1, 8], 4),
];

const fn constants(of: [u32; 8], shards: u32) -> [(&'static str, f64); 21] {
    let [chunks, lanes, negatives, words, has_momentum, pairs_per_thread, quads_per_thread, subgroup] = of;
    let is_subgroup = subgroup > 0;
    [
        ("chunk_count", chunks as f64),
        ("lane_count", lanes as f64),
        ("negative_count", negatives as f64),
        ("pair_words", words as f64),
        ("has_momentum", has_momentum as f64),
        ("has_packed", if is_subgroup { 0.0 } else { 1.0 }),
        ("packed_at", 4096.0),
        ("positives_at", 8192.0),
        ("window_pairs", 128.0),
        ("pairs_per_group", 8.0),
        ("slots_per_group", 32.0),
        ("pairs_per_thread", pairs_per_thread as f64),
        ("quads_per_thread", quads_per_thread as f64),
        ("chunks_per_lane", chunks.div_ceil(lanes) as f64),
        ("lane_stride", if is_subgroup { chunks.div_ceil(lanes) as f64 } else { 1.0 }),
        ("chunk_stride", if is_subgroup { 1.0 } else { lanes as f64 }),
        ("reads_ahead", if is_subgroup { 1.0 } else { 0.0 }),
        ("shards_per_dispatch", shards as f64),
        ("part_count", 2.0),
        ("blocks_per_part", 3.0),
        ("subgroup_lanes", subgroup as f64),
    ]
}

/// Calls `check` with each kernel as it is compiled: its override constants resolved.
fn each_resolved(mut check: impl FnMut(&str, &Module, &ModuleInfo)) {
    assert!(!KERNELS.is_empty());
    for (name, _) in KERNELS {
        for constants in CONSTANTS.into_iter().filter(|constants| suits(name, constants)) {
            let (module, info) = module_with(name, &constants);
            let declares = |name: &str| module.overrides.iter().any(|(_, o)| o.name.as_deref() == Some(name));
            let values: back::PipelineConstants = constants
                .iter()
                .filter(|(name, _)| declares(name))
                .map(|&(name, value)| (name.to_owned(), value))
                .collect();
            assert_eq!(values.len(), module.overrides.len(), "{name} has an override that nobody sets");
            let entry = Some((ShaderStage::Compute, *name));
            let (module, info) =
                back::pipeline_constants::process_overrides(&module, &info, entry, &values).unwrap();
            check(name, &module, &info);
        }
    }
}

#[test]
fn every_kernel_is_valid_for_the_smallest_device_and_has_one_entry_point_its_stem() {
    for (name, text) in KERNELS {
        let (module, _) = module(name);
        assert_eq!(module.entry_points.len(), 1, "{name}");
        assert_eq!(
            (module.entry_points[0].name.as_str(), module.entry_points[0].stage),
            (*name, ShaderStage::Compute)
        );
        let text = shader::compose(text, &CONSTANTS[1]).unwrap().to_lowercase();
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for word in ["enable", "requires", "f16", "f64", "i64", "u64"] {
            assert!(!words.contains(word), "{name} has the word {word:?}");
        }
        let uses_subgroups =
            text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("subgroup"));
        assert_eq!(uses_subgroups, *name == "candidate_score_subgroup", "{name}");
    }
}

#[test]
fn what_needs_more_than_the_smallest_device_is_seen() {
    let text = "enable f16; @compute @workgroup_size(1) fn main() { var x: f16 = 1.0h; _ = x; }";
    let refused = match naga::front::wgsl::parse_str(text) {
        Err(_) => true,
        Ok(module) => {
            Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module).is_err()
        }
    };
    assert!(refused);
}

#[test]
fn every_kernel_keeps_to_the_default_limits() {
    for (name, _) in KERNELS {
        let (module, _) = module(name);
        let is_storage = |space: AddressSpace| matches!(space, AddressSpace::Storage { .. });
        let globals = || module.global_variables.iter().map(|(_, variable)| variable);
        let storage_count = globals().filter(|variable| is_storage(variable.space)).count();
        let uniform_count = globals().filter(|variable| variable.space == AddressSpace::Uniform).count();
        assert!((1..=8).contains(&storage_count) && uniform_count <= 12, "{name}: {storage_count} buffers");
        // Further shards are for those that bind more: four buffers each, beside three others (src/gpu/tables.rs).
        let (module, _) = module_with(name, &CONSTANTS[4]);
        let with_shards = module.global_variables.iter().filter(|(_, v)| is_storage(v.space)).count();
        let of_further = with_shards - storage_count;
        assert!(
            of_further == 0 || (of_further <= 3 * 4 && storage_count <= 3 + 4),
            "{name}: {with_shards} buffers"
        );
        let mut bindings = BTreeSet::new();
        for binding in globals().filter_map(|variable| variable.binding.as_ref()) {
            assert!(binding.group == 0 && bindings.insert(binding.binding), "{name}: {binding:?}");
        }
        let known = [AddressSpace::WorkGroup, AddressSpace::Uniform];
        assert!(globals().all(|variable| is_storage(variable.space) || known.contains(&variable.space)));
    }
    each_resolved(|name, module, _| {
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let shared = module.global_variables.iter().filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared.map(|(_, variable)| layouter[variable.ty].size).sum();
        assert!(bytes <= 16 << 10, "{name}: {bytes} bytes of workgroup memory");
        let invocations: u32 = module.entry_points[0].workgroup_size.iter().product();
        assert!((1..=256).contains(&invocations), "{name}: {invocations} invocations");
    });
}

#[test]
fn every_kernel_translates_to_metal() {
    each_resolved(|name, module, info| {
        let options = back::msl::Options { lang_version: (2, 1), ..Default::default() };
        let (text, translation) =
            back::msl::write_string(module, info, &options, &Default::default()).unwrap();
        assert!(text.contains("kernel void") && text.contains(name), "{name}");
        assert!(translation.entry_point_names.iter().all(|entry| entry.is_ok()), "{name}");
        assert_eq!(translation.entry_point_names.len(), 1);
    });
}

#[test]
fn every_kernel_translates_to_hlsl() {
    each_resolved(|name, module, info| {
        let options =
            back::hlsl::Options { shader_model: back::hlsl::ShaderModel::V6_0, ..Default::default() };
        let pipeline = back::hlsl::PipelineOptions::default();
        let mut text = String::new();
        let reflection =
            back::hlsl::Writer::new(&mut text, &options, &pipeline).write(module, info, None).unwrap();
        assert!(text.contains("numthreads"), "{name}");
        assert!(reflection.entry_point_names.len() == 1 && reflection.entry_point_names[0].is_ok(), "{name}");
    });
}

#[test]
fn every_kernel_translates_to_spirv() {
    each_resolved(|name, module, info| {
        let pipeline =
            back::spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point: name.to_owned() };
        let options = back::spv::Options { lang_version: (1, 3), ..Default::default() };
        let words = back::spv::write_vec(module, info, &options, Some(&pipeline)).unwrap();
        assert!(words.len() > 100 && words[0] == 0x0723_0203, "{name}");
    });
}

/// (size, fields with offsets) of struct `name` as WGSL lays it out.
fn wgsl_layout(module: &Module, name: &str) -> (u32, Vec<(String, u32)>) {
    let (_, ty) = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).expect(name);
    let TypeInner::Struct { members, span } = &ty.inner else { panic!("{name} is no struct") };
    (*span, members.iter().map(|member| (member.name.clone().unwrap(), member.offset)).collect())
}

macro_rules! rust_layout {
    ($name:ident: $($field:ident),* $(,)?) => {{
        // Names every field, or does not compile.
        let $name { $($field: _),* } = <$name as bytemuck::Zeroable>::zeroed();
        let fields = vec![$((stringify!($field).to_owned(), offset_of!($name, $field) as u32)),*];
        (size_of::<$name>() as u32, fields)
    }};
}

/// In how many kernels struct `name` is declared, always as Rust has it.
fn assert_mirrored(name: &str, (rust_size, rust_fields): (u32, Vec<(String, u32)>)) -> usize {
    let mut count = 0;
    for (kernel, _) in KERNELS {
        let (module, _) = module(kernel);
        if !module.types.iter().any(|(_, ty)| ty.name.as_deref() == Some(name)) {
            continue;
        }
        count += 1;
        let (size, fields) = wgsl_layout(&module, name);
        assert_eq!(size, rust_size, "{kernel}: size of {name}");
        assert_eq!(fields, rust_fields, "{kernel}: fields of {name}");
        assert_eq!(size % 4, 0);
    }
    count
}

#[test]
fn structs_are_laid_out_alike_on_both_sides() {
    let settings = rust_layout!(Settings: margin, gor_weight, inverse_dim, hardness, learning_rate, beta_1,
        beta_2, epsilon, log_beta_1, log_beta_2, log_ratio, catch_up_count);
    let shards = rust_layout!(Shards: first, end, first_row, row_count, rows_per_shard, step);
    let row_state = rust_layout!(RowState: squares, along, drift_squares, last_step);
    let block = rust_layout!(Block: first_pair, first_row, pair_count, unused_0);
    let sums = rust_layout!(StepSums: triplet, active_count, moment_1, moment_2);
    assert!(assert_mirrored("Settings", settings) >= 6);
    assert_eq!(assert_mirrored("Shards", shards), 4);
    assert_eq!(assert_mirrored("RowState", row_state), 4);
    assert_eq!(assert_mirrored("Block", block), 3);
    assert_eq!(assert_mirrored("StepSums", sums), 1);
    let pair_loss = rust_layout!(PairLoss: sums, hinge, weight, nearest, unused_0);
    assert_eq!(assert_mirrored("PairLoss", pair_loss), 2);
}

#[test]
fn the_plan_header_is_the_fixed_part_of_the_plan() {
    let (size, mut fields) = rust_layout!(PlanHeader: step, log_slot, pair_count, candidate_count,
        item_slot_count, row_count, draw_key_0, draw_key_1, bias_1, root_bias_2, rows_at, users_at,
        positives_at, negatives_at, uses_at, excluded_at, quads_at, shards_at);
    fields.push(("words".to_owned(), size));
    let mut count = 0;
    for (kernel, text) in KERNELS {
        let (module, _) = module(kernel);
        if text.lines().next().unwrap().split_whitespace().any(|word| word == "plan") {
            count += 1;
            assert_eq!(wgsl_layout(&module, "Plan").1, fields, "{kernel}");
        }
    }
    assert!(count >= 7, "{count}");
}

#[test]
fn none_is_one_number() {
    let text = shader::compose("// include: plan\n", &[]).unwrap();
    assert!(text.contains(&format!("const none: u32 = {NONE:#x}u;")));
}

fn stems(folder: &str, ending: &str) -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.to_str().unwrap().strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn kernels_twins_and_tests_have_the_same_stems() {
    let kernels: BTreeSet<String> = KERNELS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(kernels.len(), KERNELS.len());
    assert_eq!(stems("shaders", ".wgsl"), kernels);
    let mut twins = stems("src/reference", ".rs");
    // The one include that has a twin, and what joins the twins.
    for other in ["mod", "stepper", "catch_up"] {
        assert!(twins.remove(other), "{other}");
    }
    assert_eq!(twins, kernels);
    let tests = stems("tests/gpu", ".rs");
    assert!(tests.is_superset(&kernels), "{:?} have no test", kernels.difference(&tests));
    assert!(stems("shaders/include", ".wgsl").contains("catch_up"));
}

#[test]
fn adjacent_lines_are_repeated_together() {
    let text = "// {p}\na{p}\nb{p}_{q}\nc{q}\nd";
    let constants = [("pairs_per_thread", 2.0), ("quads_per_thread", 2.0)];
    let lines = "// {p}\na0\nb0_0\nb0_1\na1\nb1_0\nc0\nb1_1\nc1\nd\n";
    assert_eq!(shader::compose(text, &constants).unwrap(), lines);
    // What is not said how often stays.
    assert_eq!(shader::compose("a{p}{q}", &constants[..1]).unwrap(), "a0{q}\na1{q}\n");
}

#[test]
fn all_between_two_marks_is_repeated_together() {
    let text = "a\n// {s} begins\n// of {s}\nb{s}\nc\n// {s} ends\nd{s}\ne";
    let constants = [("shards_per_dispatch", 2.0)];
    let copy = |s: u32| format!("// {s} begins\n// of {s}\nb{s}\nc\n");
    let lines = format!("a\n{}{}// {{s}} ends\nd0\nd1\ne\n", copy(0), copy(1));
    assert_eq!(shader::compose(text, &constants).unwrap(), lines);
}

#[test]
fn lanes_that_are_a_subgroup_have_a_file_of_their_own() {
    let composed = |subgroup_lanes: f64| {
        let constants = [("subgroup_lanes", subgroup_lanes), ("lane_count", 8.0)];
        shader::compose("// include: lanes\n", &constants).unwrap()
    };
    assert_eq!(composed(8.0).matches("total += subgroupBroadcast(value, ").count(), 8);
    assert!(!composed(8.0).contains("workgroup>"));
    for other in [0.0, 16.0] {
        assert!(!composed(other).contains("subgroupBroadcast") && composed(other).contains("workgroup>"));
    }
    // Both have the same functions.
    let functions = |text: String| -> BTreeSet<String> {
        let line = |line: &str| line.split('{').next().unwrap().to_owned();
        text.lines().filter(|text| text.starts_with("fn ")).map(line).collect()
    };
    assert_eq!(functions(composed(8.0)), functions(composed(0.0)));
}

#[test]
fn includes_are_known_and_used() {
    let mut used = BTreeSet::new();
    for (name, text) in KERNELS {
        let line = text.lines().next().unwrap();
        let names = line.strip_prefix("// include:").unwrap_or_else(|| panic!("{name}: {line}"));
        used.extend(names.split_whitespace().map(str::to_owned));
    }
    used.insert("lanes_subgroup".to_owned());
    assert_eq!(used, stems("shaders/include", ".wgsl"));
    assert!(shader::compose("// include: plan nothing\n", &[]).is_err());
    assert!(shader::kernel("nothing").is_err());
}
