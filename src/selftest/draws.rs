//! Draws of the second stage at given similarities, for tests of its law.

use crate::gpu::{Gpu, Kernel};
use crate::step::layout::{Block, PlanHeader, Settings};
use crate::step::{Build, fold};
use crate::{Error, Result};

/// Draws of the second stage: for every pair from the same candidates.
#[derive(Debug, Clone, Copy)]
pub struct Draws<'a> {
    /// (C) similarities of the candidates and the positive.
    pub similarity: &'a [f32],
    /// The exponent of the law.
    pub hardness: f64,
    /// Pairs.
    pub pair_count: usize,
    /// N.
    pub negative_count: usize,
    /// Of the random numbers.
    pub key: [u32; 2],
}

/// What `text`, as the kernel `negative_draw`, draws: (pairs, N) candidates.
///
/// # Errors
/// [`Error::Gpu`] if the kernel does not compile or run, [`Error::Data`] if C is not a multiple of 4.
pub fn draw_on_device(gpu: &Gpu, text: &str, draws: &Draws<'_>) -> Result<Vec<u32>> {
    let Draws { similarity, hardness, pair_count, negative_count, key } = *draws;
    let candidate_count = similarity.len();
    if candidate_count == 0 || !candidate_count.is_multiple_of(4) {
        return Err(Error::Data(format!(
            "the number of candidates must be a multiple of 4, but is {candidate_count}"
        )));
    }
    // All pairs share user slot 0, which has nothing to exclude.
    let mut words = vec![0u32; pair_count];
    let excluded_at = words.len();
    words.extend([excluded_at as u32 + 2; 2]);
    let header = PlanHeader {
        step: 1,
        pair_count: pair_count as u32,
        candidate_count: candidate_count as u32,
        draw_key_0: key[0],
        draw_key_1: key[1],
        excluded_at: excluded_at as u32,
        ..PlanHeader::default()
    };
    let mut plan = bytemuck::bytes_of(&header).to_vec();
    plan.extend_from_slice(bytemuck::cast_slice(&words));
    let settings = Settings { hardness: hardness as f32, ..bytemuck::Zeroable::zeroed() };
    let pair_words = pair_count.div_ceil(32);
    let lane_count = gpu.grain().draw_lanes as f64;
    let constants = vec![
        ("lane_count", lane_count),
        ("negative_count", negative_count as f64),
        ("pair_words", pair_words as f64),
    ];
    let build = Build { constants, includes: Vec::new() };
    let kernel = Kernel::from_text(gpu, "negative_draw", text, &build)?;
    let block = Block { first_pair: 0, first_row: 0, pair_count: pair_count as u32, unused_0: 0 };
    let plan = gpu.upload("plan", &plan)?;
    let picks = gpu.upload("picks", &vec![u32::MAX; pair_count * negative_count])?;
    let buffers = [
        ("plan", &plan),
        ("settings", &gpu.upload("settings", &[settings])?),
        ("block", &gpu.upload("block", &[block])?),
        ("candidate_scores", &gpu.upload("candidate_scores", &similarity.repeat(pair_count))?),
        ("picks", &picks),
        ("picked", &gpu.upload("picked", &vec![0u32; candidate_count * pair_words])?),
    ];
    let named = buffers.map(|(name, buffer)| (name, buffer.as_entire_buffer_binding()));
    let bindings = kernel.bind(gpu, plan.size(), &named)?;
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    kernel.dispatch(
        &mut encoder.begin_compute_pass(&Default::default()),
        &bindings,
        0,
        fold(pair_count as u32),
    );
    let submission = gpu.submit([encoder.finish()]);
    gpu.wait(submission)?;
    gpu.read(&picks, pair_count * negative_count)
}
