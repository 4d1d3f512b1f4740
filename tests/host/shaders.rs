//! The kernels' text, checked without a device: valid for the smallest one, translatable to every backend,
//! within the limits, and declared as Rust has it.

use naga::valid::{Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, TypeInner, back};
use spherec::gpu::shader::{self, KERNELS};
use spherec::step::layout::{Block, NONE, PairSums, PlanHeader, RowState, Settings, Shards, StepSums};
use spherec::step::{
    BLOCK_BYTES, Build, FeatureRole, Geometry, Grain, HELD_CHUNKS, HistoryShape, Loss, NetShape, Optimizer,
    PlanShape, Stage, StepShape, TILE, WINDOW_CHUNKS,
};
use std::collections::BTreeSet;
use std::mem::offset_of;
use std::sync::OnceLock;

const ADAGRAD: Optimizer = Optimizer::Adagrad { epsilon: 1e-10 };

/// Small steps, the defaults, the largest that a config may ask for, and threads that are one subgroup; every
/// optimizer and geometry; one shard a dispatch and several.
fn shapes() -> Vec<StepShape> {
    let plan = PlanShape {
        batch_size: 256,
        negative_count: 1,
        candidate_count: 2_000,
        item_count: 25_000,
        user_count: 8_000,
        rows_per_shard: 33_000,
        excluded_capacity: 1_000,
        history: None,
    };
    let base = StepShape {
        plan,
        dim: 128,
        geometry: Geometry::Sphere,
        loss: Loss::ALL[0],
        gor_weight: 0.01,
        covariance_weight: 0.0,
        item_bias_rate: 0.2,
        optimizer: Optimizer::Adam { betas: (0.9, 0.999), epsilon: 1e-8 },
        shards_per_dispatch: 1,
        block_bytes: BLOCK_BYTES,
        nets: [None; 2],
        grain: Grain::GPU,
    };
    let sharded = PlanShape { rows_per_shard: 9_000, negative_count: 5, ..plan };
    let small = PlanShape { batch_size: 1, candidate_count: 0, ..plan };
    let large = PlanShape { batch_size: 65_536, negative_count: 1_000, ..plan };
    let mut shapes = vec![
        base,
        StepShape { plan: small, dim: 3, optimizer: Optimizer::Sgd, gor_weight: 0.0, ..base },
        StepShape { plan: sharded, dim: 128, shards_per_dispatch: 4, ..base },
        StepShape { plan: sharded, optimizer: Optimizer::Sgd, shards_per_dispatch: 2, ..base },
        StepShape { plan: large, dim: 1_024, ..base },
        StepShape { grain: Grain::CPU, ..base },
        StepShape { plan: sharded, dim: 180, shards_per_dispatch: 3, grain: Grain::CPU, ..base },
        StepShape { optimizer: Optimizer::Sgd, geometry: Geometry::Dot, grain: Grain::CPU, ..base },
        StepShape { optimizer: ADAGRAD, plan: sharded, shards_per_dispatch: 3, ..base },
    ];
    shapes.extend(Loss::ALL.map(|loss| StepShape { loss, ..base }));
    let shared = PlanShape { negative_count: 0, ..plan };
    let shared = StepShape { plan: shared, gor_weight: 0.0, ..base };
    let with = |plan: PlanShape, dim, grain| StepShape {
        plan: PlanShape { negative_count: 0, ..plan },
        dim,
        grain,
        ..shared
    };
    shapes.extend(
        Loss::ALL.iter().filter(|it| !it.needs_order()).flat_map(|&loss| {
            [StepShape { loss, ..shared }, StepShape { loss, grain: Grain::CPU, ..shared }]
        }),
    );
    shapes.extend([
        with(PlanShape { batch_size: 1, candidate_count: 1, ..plan }, 3, Grain::GPU),
        with(PlanShape { batch_size: 1, candidate_count: 1, ..plan }, 3, Grain::CPU),
        with(large, 1_024, Grain::GPU),
        with(large, 1_024, Grain::CPU),
        StepShape { shards_per_dispatch: 4, ..with(sharded, 180, Grain::CPU) },
        StepShape { optimizer: Optimizer::Sgd, geometry: Geometry::Dot, ..with(sharded, 128, Grain::GPU) },
    ]);
    for shape in [base, shapes[4], with(sharded, 180, Grain::CPU)] {
        shapes.push(StepShape { covariance_weight: 10.0, ..shape });
    }
    let history = HistoryShape { weight: 1.0, cap: 50, has_user_rows: true, entry_capacity: 9_000 };
    let without_rows = HistoryShape { has_user_rows: false, ..history };
    for (shape, history) in [
        (base, history),
        (shapes[4], without_rows),
        (with(sharded, 180, Grain::CPU), history),
        (
            StepShape { geometry: Geometry::Ball, optimizer: ADAGRAD, ..with(plan, 100, Grain::GPU) },
            without_rows,
        ),
        (StepShape { geometry: Geometry::Dot, ..with(plan, 3, Grain::CPU) }, history),
    ] {
        shapes.push(StepShape { plan: PlanShape { history: Some(history), ..shape.plan }, ..shape });
    }
    shapes.extend(combinations(&base));
    shapes.extend(with_networks(&base));
    shapes
}

/// Networks of several sizes, with each optimizer, number of shards a dispatch and cut of the work.
fn with_networks(base: &StepShape) -> Vec<StepShape> {
    let small = NetShape {
        feature_count: 5,
        hidden: 4,
        dropout: 0.0,
        role: FeatureRole::Near { weight: 1.0 },
        projected: 1,
        entry_capacity: 3,
        rows_per_shard: 6,
        shards_per_dispatch: 1,
    };
    let usual = NetShape {
        feature_count: 10_399,
        hidden: 256,
        dropout: 0.5,
        projected: 512,
        entry_capacity: 20_000,
        rows_per_shard: 1_000,
        shards_per_dispatch: 4,
        ..small
    };
    let linear = NetShape { hidden: 0, role: FeatureRole::Added, ..usual };
    let large = NetShape { hidden: 1_024, shards_per_dispatch: 2, ..usual };
    let mut all = Vec::new();
    for net in [small, usual, large] {
        for grain in [Grain::GPU, Grain::CPU] {
            let nets = [Some(net), Some(small)];
            all.push(StepShape { nets, grain, ..*base });
            all.push(StepShape { nets, grain, optimizer: Optimizer::Sgd, dim: 13, ..*base });
            let nets = [Some(NetShape { role: FeatureRole::Added, ..net }), Some(linear)];
            all.push(StepShape { nets, grain, geometry: Geometry::Dot, ..*base });
        }
    }
    all
}

/// What a run may combine: every loss, geometry and optimizer, each kind of negatives, each number of shards a dispatch,
/// with threads that are one subgroup and without.
fn combinations(base: &StepShape) -> Vec<StepShape> {
    const ADAM: Optimizer = Optimizer::Adam { betas: (0.9, 0.999), epsilon: 1e-8 };
    let mut all = Vec::new();
    for (negative_count, candidate_count) in [(4, 0), (1, 500), (4, 500), (0, 500)] {
        let plan = PlanShape { negative_count, candidate_count, ..base.plan };
        let gor_weight = if negative_count == 0 { 0.0 } else { base.gor_weight };
        for loss in Loss::ALL.into_iter().filter(|loss| negative_count > 0 || !loss.needs_order()) {
            let optimizers = [ADAM, ADAGRAD, Optimizer::Sgd];
            let pairs = Geometry::ALL.into_iter().flat_map(|it| optimizers.map(|optimizer| (it, optimizer)));
            let is_refused = |&(geometry, optimizer): &(Geometry, Optimizer)| {
                geometry == Geometry::Ball && optimizer.moves_untouched_rows()
            };
            for (geometry, optimizer) in pairs.filter(|pair| !is_refused(pair)) {
                for (shards_per_dispatch, grain) in
                    (1..=4).flat_map(|it| [(it, Grain::GPU), (it, Grain::CPU)])
                {
                    let cut = StepShape { shards_per_dispatch, grain, gor_weight, ..*base };
                    all.push(StepShape { plan, loss, geometry, optimizer, ..cut });
                }
            }
        }
    }
    all
}

/// A kernel in a form that some step compiles: its text, and the values of its override constants.
struct Form {
    stage: Stage,
    shape: StepShape,
    text: String,
    values: back::PipelineConstants,
}

/// Every form that the steps of [`shapes`] compile, each once.
fn forms() -> &'static [Form] {
    static FORMS: OnceLock<Vec<Form>> = OnceLock::new();
    FORMS.get_or_init(|| {
        let mut seen = BTreeSet::new();
        let mut forms = Vec::new();
        for shape in shapes() {
            for stage in stages(&shape) {
                let build = shape.build(&stage);
                let text = shader::compose(shader::kernel(stage.kernel).unwrap(), &build).unwrap();
                let is_used = |name: &str| text.contains(&format!("override {name}:"));
                let used = build.constants.iter().filter(|(name, _)| is_used(name));
                let values: back::PipelineConstants =
                    used.map(|&(name, value)| (name.to_owned(), value)).collect();
                let key = build.constants.iter().filter(|(name, _)| is_used(name));
                if seen.insert(format!("{:?} {text}", key.collect::<Vec<_>>())) {
                    forms.push(Form { stage, shape, text, values });
                }
            }
        }
        forms
    })
}

fn stages(shape: &StepShape) -> impl Iterator<Item = Stage> {
    shape.stages().into_iter().chain(shape.catch_up_stages())
}

/// How a kernel is compiled first of all.
fn first_build(name: &str) -> (StepShape, Build) {
    let found = shapes().into_iter().find_map(|shape| {
        let stage = stages(&shape).find(|stage| stage.kernel == name)?;
        Some((shape, shape.build(&stage)))
    });
    found.unwrap_or_else(|| panic!("no step has {name}"))
}

fn module(name: &str) -> (Module, ModuleInfo) {
    let (shape, build) = first_build(name);
    module_with(name, &shape, &build)
}

fn module_with(name: &str, shape: &StepShape, build: &Build) -> (Module, ModuleInfo) {
    module_of(name, shape, &shader::compose(shader::kernel(name).unwrap(), build).unwrap())
}

fn module_of(name: &str, shape: &StepShape, text: &str) -> (Module, ModuleInfo) {
    let module = naga::front::wgsl::parse_str(text).unwrap_or_else(|e| panic!("{}", e.emit_to_string(text)));
    // Subgroups are an optional feature; everything else runs on every device.
    let may_use = shape.grain.subgroup_lanes > 0;
    let capabilities = if may_use { Capabilities::SUBGROUP } else { Capabilities::empty() };
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    if may_use {
        validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
    }
    let info = validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    (module, info)
}

/// Calls `check` with each form of each kernel as it is compiled: its override constants resolved.
fn each_resolved(mut check: impl FnMut(&Form, &Module, &ModuleInfo)) {
    for form in forms() {
        let name = form.stage.kernel;
        let (module, info) = module_of(name, &form.shape, &form.text);
        assert_eq!(form.values.len(), module.overrides.len(), "{name} has an override that nobody sets");
        let entry = Some((ShaderStage::Compute, name));
        let (module, info) =
            back::pipeline_constants::process_overrides(&module, &info, entry, &form.values).unwrap();
        let threads: u32 = module.entry_points[0].workgroup_size.iter().product();
        assert_eq!(threads as usize, form.stage.lane_count, "{name}: threads of a workgroup");
        check(form, &module, &info);
    }
}

#[test]
fn every_kernel_is_checked_in_some_form() {
    let seen: BTreeSet<&str> = forms().iter().map(|form| form.stage.kernel).collect();
    assert!(seen.into_iter().eq(KERNELS.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>()));
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
        let text = shader::compose(text, &first_build(name).1).unwrap().to_lowercase();
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for word in ["enable", "requires", "f16", "f64", "i64", "u64"] {
            assert!(!words.contains(word), "{name} has the word {word:?}");
        }
        let uses_subgroups =
            text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("subgroup"));
        assert_eq!(uses_subgroups, name.ends_with("_subgroup"), "{name}");
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
    for Form { stage, shape, text, .. } in forms() {
        {
            let name = stage.kernel;
            let (module, _) = module_of(name, shape, text);
            let is_storage = |space: AddressSpace| matches!(space, AddressSpace::Storage { .. });
            let globals = || module.global_variables.iter().map(|(_, variable)| variable);
            let storage_count = globals().filter(|variable| is_storage(variable.space)).count();
            let uniform_count = globals().filter(|variable| variable.space == AddressSpace::Uniform).count();
            // Further shards are for adapters that bind more: four buffers each, beside four others.
            let shards = shape.part(stage.of).shards_per_dispatch;
            let most = if shards == 1 { 8 } else { 4 + 4 * shards };
            assert!((1..=most).contains(&storage_count), "{name}: {storage_count} storage buffers");
            assert!(uniform_count <= 12, "{name}: {uniform_count} uniform buffers");
            let mut bindings = BTreeSet::new();
            for binding in globals().filter_map(|variable| variable.binding.as_ref()) {
                assert!(binding.group == 0 && bindings.insert(binding.binding), "{name}: {binding:?}");
            }
            let known = [AddressSpace::WorkGroup, AddressSpace::Uniform];
            assert!(globals().all(|variable| is_storage(variable.space) || known.contains(&variable.space)));
        }
    }
    each_resolved(|form, module, _| {
        let name = form.stage.kernel;
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let shared = module.global_variables.iter().filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared.map(|(_, variable)| layouter[variable.ty].size).sum();
        assert!(bytes <= 16 << 10, "{name}: {bytes} bytes of workgroup memory");
        let invocations: u32 = module.entry_points[0].workgroup_size.iter().product();
        assert!((1..=256).contains(&invocations), "{name}: {invocations} invocations");
    });
}

fn metal(form: &Form, module: &Module, info: &ModuleInfo) -> String {
    let name = form.stage.kernel;
    let options = back::msl::Options { lang_version: (2, 1), ..Default::default() };
    let (text, translation) = back::msl::write_string(module, info, &options, &Default::default()).unwrap();
    assert!(text.contains("kernel void") && text.contains(name), "{name}");
    assert!(translation.entry_point_names.len() == 1 && translation.entry_point_names[0].is_ok(), "{name}");
    text
}

fn hlsl(form: &Form, module: &Module, info: &ModuleInfo) -> String {
    let name = form.stage.kernel;
    let options = back::hlsl::Options { shader_model: back::hlsl::ShaderModel::V6_0, ..Default::default() };
    let pipeline = back::hlsl::PipelineOptions::default();
    let mut text = String::new();
    let reflection =
        back::hlsl::Writer::new(&mut text, &options, &pipeline).write(module, info, None).unwrap();
    assert!(text.contains("numthreads"), "{name}");
    assert!(reflection.entry_point_names.len() == 1 && reflection.entry_point_names[0].is_ok(), "{name}");
    text
}

fn spirv(form: &Form, module: &Module, info: &ModuleInfo) -> Vec<u32> {
    let entry_point = form.stage.kernel.to_owned();
    let pipeline = back::spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point };
    let options = back::spv::Options { lang_version: (1, 3), ..Default::default() };
    let words = back::spv::write_vec(module, info, &options, Some(&pipeline)).unwrap();
    assert!(words.len() > 100 && words[0] == 0x0723_0203, "{}", form.stage.kernel);
    words
}

#[test]
fn every_kernel_translates_to_metal_hlsl_and_spirv() {
    each_resolved(|form, module, info| {
        metal(form, module, info);
        hlsl(form, module, info);
        spirv(form, module, info);
    });
}

/// Writes each form of each kernel as WGSL and SPIR-V into the folder `KERNELS_TO`, for `tests/outside/shaders.sh`.
#[test]
#[ignore = "writes files for programs outside"]
fn every_kernel_is_written() {
    let folder = std::path::PathBuf::from(std::env::var_os("KERNELS_TO").expect("KERNELS_TO names a folder"));
    let mut index = 0;
    each_resolved(|form, module, info| {
        let path = |ending: &str| folder.join(format!("{}-{index}.{ending}", form.stage.kernel));
        // The standard has subgroups behind a line that naga does not need. Its analysis does not see that the lanes
        // agree on what all of them were told.
        let subgroups = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";
        let head = if form.text.contains("subgroupBroadcast") { subgroups } else { "" };
        std::fs::write(path("wgsl"), format!("{head}{}", form.text)).unwrap();
        std::fs::write(path("spv"), bytemuck::cast_slice::<u32, u8>(&spirv(form, module, info))).unwrap();
        index += 1;
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
    let settings = rust_layout!(Settings: gor_weight, inverse_dim, hardness, beta_1, beta_2, epsilon,
        log_beta_1, log_beta_2, log_ratio, catch_up_count, item_bias_rate, covariance_weight);
    let shards = rust_layout!(Shards: first, end, first_row, row_count, rows_per_shard, step);
    let row_state = rust_layout!(RowState: squares, along, drift_squares, bias, bias_drift, bias_variance, unused_0,
        last_step);
    let block = rust_layout!(Block: first_pair, first_row, pair_count, unused_0);
    let sums =
        rust_layout!(StepSums: loss, active_count, moment_1, moment_2, feature_loss, covariance, bad_rows);
    assert!(assert_mirrored("Settings", settings) >= 5);
    assert_eq!(assert_mirrored("Shards", shards), 5);
    assert_eq!(assert_mirrored("RowState", row_state), 5);
    assert_eq!(assert_mirrored("Block", block), 7);
    assert_eq!(assert_mirrored("StepSums", sums), 8);
    let pair_sums = rust_layout!(PairSums: loss, is_active, spread_1, spread_2, slopes);
    assert!(assert_mirrored("PairSums", pair_sums) >= 3);
}

#[test]
fn the_plan_header_is_the_fixed_part_of_the_plan() {
    let (size, mut fields) = rust_layout!(PlanHeader: step, log_slot, pair_count, candidate_count,
        item_slot_count, row_count, draw_key_0, draw_key_1, step_size, root_bias_2, drift_epsilon, rows_at, users_at,
        positives_at, negatives_at, uses_at, excluded_at, quads_at, shards_at, offsets_at,
        projected_count, projected_weight, bias_slot, projected_at, entries_at, own_users_at, pair_slots_at,
        histories_at, history_pairs_at, takers_at, history_sizes_at);
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
fn sizes_that_stand_in_a_text_are_those_of_the_shapes() {
    let of = |name: &str, part: String| {
        assert!(shader::kernel(name).unwrap().contains(&part), "{name} has no {part:?}");
    };
    let tile = shader::compose("// include: tile\n", &Build::default()).unwrap();
    assert!(tile.contains(&format!("const tile: u32 = {TILE}u;")));
    of("candidate_score_subgroup", format!("var<uniform> left_rows: array<vec4<f32>, {WINDOW_CHUNKS}>;"));
    of("candidate_score_subgroup", format!("var quads: array<mat4x4<f32>, {HELD_CHUNKS}>;"));
}

#[test]
fn none_is_one_number() {
    let text = shader::compose("// include: plan\n", &Build::default()).unwrap();
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
    // The includes that have twins, and what joins the twins.
    for other in ["mod", "stepper", "catch_up", "pair_scores"] {
        assert!(twins.remove(other), "{other}");
    }
    // The twin of a product is that of its form on subgroups, too.
    for product in ["user_gradient", "candidate_gradient", "covariance_sum", "covariance_gradient"] {
        assert!(twins.contains(product) && twins.insert(format!("{product}_subgroup")), "{product}");
    }
    assert_eq!(twins, kernels);
    let tests = stems("tests/gpu", ".rs");
    assert!(tests.is_superset(&kernels), "{:?} have no test", kernels.difference(&tests));
    assert!(stems("shaders/include", ".wgsl").contains("catch_up"));
}

/// The functions of an include, by their first lines.
fn functions(include: &str, stand_in: &'static str) -> BTreeSet<String> {
    let includes = vec![("x", stand_in)];
    assert!(include.is_empty() || stand_in.starts_with(include));
    let text = shader::compose("// include: x\n", &Build { constants: Vec::new(), includes }).unwrap();
    let line = |line: &str| line.split('{').next().unwrap().to_owned();
    text.lines().filter(|text| text.starts_with("fn ")).map(line).collect()
}

#[test]
fn files_that_stand_in_for_one_another_have_the_same_functions() {
    assert_eq!(functions("lanes", "lanes"), functions("lanes", "lanes_subgroup"));
    assert!(functions("lanes", "lanes").len() > 1);
    let own = functions("pair_scores", "pair_scores_own");
    assert!(own.len() > 5 && own == functions("pair_scores", "pair_scores_shared"), "{own:?}");
    let geometries = Geometry::ALL.map(|it| functions("geometry", it.include()));
    assert!(geometries[0].len() > 1 && geometries.iter().all(|it| *it == geometries[0]));
}

#[test]
fn includes_are_known_and_used() {
    let mut used = BTreeSet::new();
    for (name, text) in KERNELS {
        let line = text.lines().next().unwrap();
        let names = line.strip_prefix("// include:").unwrap_or_else(|| panic!("{name}: {line}"));
        for include in names.split_whitespace() {
            let stand_ins = shapes().into_iter().flat_map(|shape| {
                stages(&shape)
                    .filter(|stage| stage.kernel == *name)
                    .map(|stage| shape.build(&stage))
                    .collect::<Vec<_>>()
            });
            for build in stand_ins {
                let found = build.includes.iter().find(|(included, _)| *included == include);
                let files = found.map_or(include, |(_, files)| *files);
                used.extend(files.split_whitespace().map(str::to_owned));
            }
        }
    }
    assert_eq!(used, stems("shaders/include", ".wgsl"));
    assert!(shader::compose("// include: plan nothing\n", &Build::default()).is_err());
    assert!(shader::kernel("nothing").is_err());
}
