//! `spherec bench`: how long a training step takes on an adapter, whatever the size of the catalogue.

use super::console::{self, Bar, out, out_json};
use super::format::{grouped, percent};
use super::model_args::{adapter_choice, recipe_config};
use super::model_names::{LossName, SamplerName};
use super::{CommandResult, Failure, interrupts};
use clap::builder::{RangedU64ValueParser, TypedValueParser};
use serde_json::{Value, json};
use spherec::bench::{BenchCase, Spans, StepTimes, USER_COUNT, dense_adam_seconds, measure};
use spherec::gpu::{AdapterSummary, Gpu};
use spherec::train::{Recipe, Regularisers, TrainConfig, defaults};
use spherec::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Time training steps on made-up data, beside a dense Adam on the CPU
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The adapter, by its number in `spherec doctor` or by a part of its name [default: the best]
    #[arg(long, value_name = "ADAPTER")]
    adapter: Option<String>,
    /// Items of the catalogue
    #[arg(long, value_name = "I,...", value_delimiter = ',', value_parser = count(),
          default_values_t = [10_000, 25_000, 100_000, 1_000_000])]
    items: Vec<usize>,
    /// Embedding dimensions
    #[arg(long, value_name = "D,...", value_delimiter = ',', value_parser = count(),
          default_values_t = [defaults::DIM])]
    dim: Vec<usize>,
    /// Pairs of a step
    #[arg(long, value_name = "B,...", value_delimiter = ',', value_parser = count(),
          default_values_t = [defaults::two_stage_2019::BATCH_SIZE])]
    batch_size: Vec<usize>,
    /// Negatives of a pair, if they are not shared
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = count(),
          default_values_t = [defaults::two_stage_2019::NEGATIVES])]
    negatives: Vec<usize>,
    #[arg(long, value_name = "C,...", value_delimiter = ',', value_parser = count(), help = format!(
        "Two-stage and shared: candidates of a step [default: {}; shared {}]",
        defaults::CANDIDATES, defaults::SHARED_CANDIDATES))]
    candidates: Vec<usize>,
    /// The loss [default: softmax if negatives are shared, else triplet]
    #[arg(long, value_name = "LOSS", value_enum)]
    loss: Option<LossName>,
    /// How negatives are found
    #[arg(long, alias = "sampler", value_name = "SAMPLER,...", value_delimiter = ',', value_enum, default_values_t =
          [SamplerName::Shared, SamplerName::TwoStage, SamplerName::Uniform, SamplerName::Popularity])]
    samplers: Vec<SamplerName>,
    /// Show the time of each stage of a step
    #[arg(long)]
    stages: bool,
    /// Seconds of steps that count, for each case
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    seconds: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str =
    "All combinations of the lists are run. \"dense\" is one pass of a dense Adam over tables of \
the same size on all cores of the CPU: what a framework adds to every step.

Examples:
  spherec bench
  spherec bench --items 25000 --dim 32,64,128,256 --samplers shared --stages
  spherec bench --json > steps.json";

fn count() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<u64>::new().range(1..=1 << 32).map(|count| count as usize)
}

/// The stages that are matrix products with the candidates: what their kernels' names begin with.
const PRODUCTS: [&str; 3] = ["candidate_score", "user_gradient", "candidate_gradient"];

/// A case that was measured.
struct Row {
    case: BenchCase,
    measured: StepTimes,
    dense_seconds: f64,
}

pub(crate) fn run(args: &Args) -> CommandResult {
    // All that can be refused is refused before the work begins.
    let cases = args.cases()?;
    let gpu = Arc::new(Gpu::open(&adapter_choice(args.adapter.as_deref()))?);
    let adapter = gpu.adapter().clone();
    let interrupt = interrupts::watch("interrupted: printing the rows so far; once more to quit at once")?;
    let mut rows = Vec::new();
    let result = measure_all(&gpu, &cases, args.seconds, &interrupt, &mut rows);
    // What was measured is told also where a later case failed.
    if !rows.is_empty() || result.is_ok() {
        match args.json {
            true => out_json(&json_text(&adapter, &rows, args.stages))?,
            false => out(&table_text(&adapter, &rows, args))?,
        }
    }
    result?;
    if interrupt.load(Ordering::Relaxed) { Err(Failure::Interrupted) } else { Ok(()) }
}

impl Args {
    /// Every combination, checked: sizes outside, samplers inside.
    fn cases(&self) -> Result<Vec<BenchCase>> {
        if !(self.seconds > 0.0 && self.seconds <= 3_600.0) {
            let message = format!("must be above 0 and at most 3600, but is {}", self.seconds);
            return Err(Error::setting("--seconds", message));
        }
        let mut cases: Vec<BenchCase> = Vec::new();
        for &item_count in &self.items {
            for &dim in &self.dim {
                for &batch_size in &self.batch_size {
                    for &name in &self.samplers {
                        for config in self.configs(name) {
                            let config = TrainConfig { dim, batch_size, ..config };
                            cases.push(BenchCase { item_count, config });
                        }
                    }
                }
            }
        }
        cases.iter().try_for_each(BenchCase::check)?;
        Ok(cases)
    }

    /// A sampler's settings, with each number of negatives and of candidates that it has.
    fn configs(&self, name: SamplerName) -> Vec<TrainConfig> {
        let recipe = if name == SamplerName::Shared { Recipe::Softmax } else { Recipe::TwoStage2019 };
        let counts: &[usize] = if name == SamplerName::Shared { &[0] } else { &self.negatives };
        let candidates: &[usize] = match name {
            SamplerName::Uniform | SamplerName::Popularity => &[0],
            _ if !self.candidates.is_empty() => &self.candidates,
            SamplerName::TwoStage => &[defaults::CANDIDATES],
            SamplerName::Shared => &[defaults::SHARED_CANDIDATES],
        };
        let mut configs = Vec::new();
        for (&count, &candidates) in
            counts.iter().flat_map(|count| candidates.iter().map(move |c| (count, c)))
        {
            let negatives = name.negatives(count, defaults::BETA, candidates, defaults::HARDNESS);
            let config = recipe_config(recipe, self.loss);
            let regularisers =
                Regularisers { gor_weight: recipe.gor_weight(&negatives), covariance_weight: 0.0 };
            configs.push(TrainConfig { negatives, regularisers, ..config });
        }
        configs
    }
}

/// Measures case after case into `rows`, until the end or an interrupt.
fn measure_all(
    gpu: &Arc<Gpu>,
    cases: &[BenchCase],
    seconds: f64,
    interrupt: &AtomicBool,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let bar = Bar::new(cases.len(), "{bar:20} {pos}/{len} {msg}");
    for case in cases {
        bar.set_message(&label(case));
        let Some(measured) = measure(gpu, case, Spans::of(seconds), interrupt)? else { break };
        // The pass depends on the size of the tables alone.
        let same =
            |row: &&Row| row.case.row_count() == case.row_count() && row.case.config.dim == case.config.dim;
        let dense_seconds = match rows.iter().find(same) {
            Some(row) => row.dense_seconds,
            None => dense_adam_seconds(case.config.dim, case.row_count(), measured.touched_count)?,
        };
        rows.push(Row { case: case.clone(), measured, dense_seconds });
        bar.set_position(rows.len() as u64);
    }
    bar.finish();
    Ok(())
}

fn label(case: &BenchCase) -> String {
    let sampler = case.config.negatives.sampler();
    format!("{sampler}, {} items x {}", grouped(case.item_count), case.config.dim)
}

impl Row {
    /// Seconds of the matrix products with the candidates: scores, and if candidates are shared the gradients of users and
    /// of candidates. 0 if there are no candidates.
    fn product_seconds(&self) -> f64 {
        let of_products = |name: &str| PRODUCTS.iter().any(|product| name.starts_with(product));
        self.measured.stages.iter().filter(|(name, _)| of_products(name)).map(|(_, seconds)| seconds).sum()
    }

    /// 2 B C D operations by the time of the scores of candidates; 0 if there are none.
    fn score_gflops(&self) -> f64 {
        let config = &self.case.config;
        let operations = 2.0 * (config.batch_size * self.case.candidate_count() * config.dim) as f64;
        let seconds = self.measured.stages.iter().find(|(name, _)| name.starts_with(PRODUCTS[0]));
        match seconds {
            Some(&(_, seconds)) if operations > 0.0 && seconds > 0.0 => operations / seconds / 1e9,
            _ => 0.0,
        }
    }

    fn stages_ms(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.measured.stages.iter().map(|&(name, seconds)| (name, 1e3 * seconds))
    }

    fn json(&self, with_stages: bool) -> Value {
        let config = &self.case.config;
        let mut value = json!({
            "sampler": config.negatives.sampler(),
            "items": self.case.item_count,
            "dim": config.dim,
            "batch": config.batch_size,
            "negatives": config.negatives.count(),
            "candidates": self.case.candidate_count(),
            "ms_per_step": 1e3 * self.measured.step_seconds,
            "products_ms": 1e3 * self.product_seconds(),
            "score_gflops": self.score_gflops(),
            "dense_adam_ms": 1e3 * self.dense_seconds,
            "planning_us": 1e6 * self.measured.planning_seconds,
            "queue_empty_share": self.measured.empty_share,
            "dispatches": self.measured.dispatch_count,
            "shards": self.measured.shard_count,
            "rows": self.measured.touched_count,
            "steps": self.measured.step_count,
        });
        if with_stages {
            value["stages"] = self.stages_ms().map(|(name, ms)| (name.to_owned(), json!(ms))).collect();
        }
        value
    }

    fn cells(&self) -> Vec<String> {
        let config = &self.case.config;
        let candidates = self.case.candidate_count();
        let of_candidates = |text: String| if candidates > 0 { text } else { String::new() };
        vec![
            config.negatives.sampler().to_owned(),
            grouped(self.case.item_count),
            config.dim.to_string(),
            config.batch_size.to_string(),
            config.negatives.count().to_string(),
            of_candidates(candidates.to_string()),
            milliseconds(1e3 * self.measured.step_seconds),
            grouped((1.0 / self.measured.step_seconds) as usize),
            of_candidates(milliseconds(1e3 * self.product_seconds())),
            of_candidates(format!("{:.1}", self.score_gflops())),
            milliseconds(1e3 * self.dense_seconds),
            format!("{:.1}", self.dense_seconds / self.measured.step_seconds),
            format!("{:.1}", 1e6 * self.measured.planning_seconds),
            percent(self.measured.empty_share),
            self.measured.dispatch_count.to_string(),
        ]
    }
}

/// Four digits.
fn milliseconds(ms: f64) -> String {
    let decimals = (3.0 - ms.max(1e-3).log10().floor()).clamp(0.0, 5.0);
    format!("{ms:.0$}", decimals as usize)
}

fn json_text(adapter: &AdapterSummary, rows: &[Row], with_stages: bool) -> String {
    let steps: Vec<Value> = rows.iter().map(|row| row.json(with_stages)).collect();
    format!("{:#}", json!({ "adapter": adapter, "steps": steps }))
}

fn table_text(adapter: &AdapterSummary, rows: &[Row], args: &Args) -> String {
    let mut text = format!(
        "{} ({}, {}); {} users\n",
        adapter.name,
        adapter.backend,
        adapter.driver,
        grouped(USER_COUNT)
    );
    let headings = [
        ("sampler", false),
        ("items", true),
        ("D", true),
        ("B", true),
        ("N", true),
        ("C", true),
        ("ms/step", true),
        ("steps/s", true),
        ("products ms", true),
        ("GFLOP/s", true),
        ("dense ms", true),
        ("ratio", true),
        ("plan us", true),
        ("idle", true),
        ("dispatches", true),
    ];
    text.push_str(&console::table(&headings, &rows.iter().map(Row::cells).collect::<Vec<_>>()));
    text.push_str(
        "products: the step's matrix products with the candidates; GFLOP/s: of the first, their scores; ratio: dense / \
         step; plan: on one thread; idle: the queue was empty\n",
    );
    if args.stages {
        for row in rows {
            let stages: Vec<_> =
                row.stages_ms().map(|(name, ms)| format!("{name} {}", milliseconds(ms))).collect();
            text.push_str(&format!("{}: {} ms\n", label(&row.case), stages.join(", ")));
        }
    }
    text
}
