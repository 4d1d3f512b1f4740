//! Timing the steps of one case, the way training takes them.

use super::case::BenchCase;
use super::data::{starting_point, training};
use crate::Result;
use crate::gpu::{Gpu, check_memory};
use crate::sampling::Planner;
use crate::step::Of;
use crate::train::{Steps, TrainConfig, diverged, step_shape};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spans {
    /// Steps before the measurement, at least: submissions find their length.
    pub warm_up: Duration,
    /// Steps that count, at least.
    pub measure: Duration,
}

impl Spans {
    /// A measurement of `seconds` after half as long a warm-up.
    pub fn of(seconds: f64) -> Spans {
        let measure = Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0));
        Spans { warm_up: measure / 2, measure }
    }
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTimes {
    /// Seconds of a step: the median over submissions of their time by their steps.
    pub step_seconds: f64,
    /// Steps that counted.
    pub step_count: u64,
    /// Seconds to plan a step on one thread, by itself: the median.
    pub planning_seconds: f64,
    /// Share of the time in which the device had nothing to do, at least.
    pub empty_share: f64,
    /// Dispatches of a step.
    pub dispatch_count: usize,
    /// Shards of the table.
    pub shard_count: usize,
    /// Rows that a step touches.
    pub touched_count: usize,
    /// Seconds of each stage of a step: the median over steps that follow one another, by the device's clock
    /// if it has one.
    pub stages: Vec<(&'static str, f64)>,
}

/// Submissions in the warm-up and in the measurement, at least.
const LEAST_SUBMISSIONS: usize = 5;
/// Steps of the schedule. No run of the benchmark is as long.
const RATE_STEPS: u64 = 1_000_000;
/// Plans made to time planning.
const TIMED_PLANS: u64 = 100;
/// Planning is timed no longer than this.
const PLANNING_SPAN: Duration = Duration::from_secs(1);
/// Seconds that the steps whose stages are timed should take together, and how many there are at least.
const STAGE_SPAN: f64 = 1.0;
const LEAST_TIMED: usize = 5;

/// Trains on made-up interactions for a while, and times it. `None` if `interrupt` was set meanwhile.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if the case is impossible; those of the device.
pub fn measure(
    gpu: &Arc<Gpu>,
    case: &BenchCase,
    spans: Spans,
    interrupt: &AtomicBool,
) -> Result<Option<StepTimes>> {
    case.check()?;
    let config = &case.config;
    let (order, items) = training(case)?;
    let shape = step_shape(gpu, order.train(), &[], config);
    check_memory(gpu, &shape, 0)?;
    let rates = config.rates(RATE_STEPS);
    let planner = Planner::new(order, items, shape.plan, rates, config.seed);
    let mut planner = planner.correcting(config.loss.correction());
    let planning_seconds = time_planning(&mut planner);
    if interrupt.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let fill = |_: Of, row: usize, point: &mut [f32]| {
        starting_point(config.seed, row, point);
        0.0
    };
    let last_step = u64::from(u32::MAX) - 1;
    let mut steps = Steps::new(gpu, shape, config, &planner, rates, 0..last_step, fill)?;
    let Some(warm_up) = run(&mut steps, config, spans.warm_up, interrupt)? else { return Ok(None) };
    let empty_before = steps.empty_time();
    let Some(mut counted) = run(&mut steps, config, spans.measure, interrupt)? else { return Ok(None) };
    let empty = steps.empty_time() - empty_before;
    let mut left = 0;
    while let Some(sums) = steps.collect()? {
        left += sums.len() as u64;
    }
    let step_seconds = median(&mut counted.step_seconds);
    // From the step after all that were done, so that no row is ahead of it.
    let first = warm_up.step_count + counted.step_count + left + 1;
    let plan = planner.plan(first);
    let timed_count = ((STAGE_SPAN / step_seconds.max(1e-9)) as usize).max(LEAST_TIMED);
    let timed_count = timed_count.min(steps.stepper().most_timed(&plan)) as u64;
    let mut plans: Vec<_> = (first..first + timed_count).map(|step| planner.plan(step)).collect();
    let mut stages = steps.stepper().time_stages(&mut plans)?;
    let stages = stages.iter_mut().map(|(stage, seconds)| (*stage, median(seconds))).collect();
    let measured = StepTimes {
        step_seconds,
        step_count: counted.step_count,
        planning_seconds,
        empty_share: empty.as_secs_f64() / counted.seconds,
        // Of a first step: those at the end of an epoch may have few pairs.
        dispatch_count: shape.dispatches(&planner.plan(1)).len(),
        shard_count: shape.plan.shard_count(),
        touched_count: plan.filled_row_count(),
        stages,
    };
    drop(steps);
    // Buffers are freed once the device has seen that nothing uses them.
    gpu.wait(gpu.submit([]))?;
    Ok(Some(measured))
}

fn time_planning(planner: &mut Planner) -> f64 {
    let start = Instant::now();
    let mut times = Vec::new();
    // The first plan makes the epoch's order.
    planner.plan(1);
    for step in 1..=TIMED_PLANS {
        let plan = Instant::now();
        planner.plan(step);
        times.push(plan.elapsed().as_secs_f64());
        if start.elapsed() > PLANNING_SPAN {
            break;
        }
    }
    median(&mut times)
}

/// Submissions that came back.
#[derive(Debug, Default)]
struct Submissions {
    /// Seconds by step, for each submission.
    step_seconds: Vec<f64>,
    step_count: u64,
    seconds: f64,
}

/// Keeps the device busy for at least `span`; leaves submissions in flight.
fn run(
    steps: &mut Steps,
    config: &TrainConfig,
    span: Duration,
    interrupt: &AtomicBool,
) -> Result<Option<Submissions>> {
    let start = Instant::now();
    let mut last = start;
    let mut run = Submissions::default();
    while run.step_seconds.len() < LEAST_SUBMISSIONS || start.elapsed() < span {
        if interrupt.load(Ordering::Relaxed) {
            return Ok(None);
        }
        steps.plan(u64::MAX)?;
        if steps.is_full() {
            let Some(sums) = steps.collect()? else { continue };
            if let Some(at) = sums.iter().position(|sum| !sum.is_sound()) {
                return Err(diverged(config, &sums[at], run.step_count + at as u64 + 1, RATE_STEPS));
            }
            let now = Instant::now();
            run.step_seconds.push((now - last).as_secs_f64() / sums.len() as f64);
            run.step_count += sums.len() as u64;
            last = now;
        }
        steps.submit()?;
    }
    run.seconds = start.elapsed().as_secs_f64();
    Ok(Some(run))
}

/// The median of `numbers`, which are put in order; 0 if there are none.
pub(super) fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    match numbers.len() {
        0 => 0.0,
        count if count % 2 == 1 => numbers[count / 2],
        count => 0.5 * (numbers[count / 2 - 1] + numbers[count / 2]),
    }
}
