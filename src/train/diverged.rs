//! What to say of settings with which a training goes wrong.

use super::config::{TrainConfig, defaults};
use crate::Error;
use crate::sampling::Negatives;
use crate::step::layout::StepSums;
use crate::step::{Loss, Optimizer, Schedule};

/// So many times more or less than usual is far.
const FAR: f64 = 10.0;

/// The error for `sums` of `step` that are not sound, in a run of `last_step` steps.
pub(crate) fn diverged(config: &TrainConfig, sums: &StepSums, step: u64, last_step: u64) -> Error {
    let what = if !sums.loss.is_finite() {
        "the loss is not a number"
    } else if sums.bad_rows != 0 {
        "a row of the tables left the range of 32-bit numbers"
    } else if !sums.covariance.is_finite() {
        "the covariance of --covariance-weight is not a number"
    } else {
        "the sums of --gor-weight are not numbers"
    };
    error(config, what, step, last_step)
}

/// The error for embeddings that are not finite after `step`.
pub(super) fn bad_embeddings(config: &TrainConfig, step: u64, last_step: u64) -> Error {
    error(config, "the embeddings are not numbers", step, last_step)
}

fn error(config: &TrainConfig, what: &'static str, step: u64, last_step: u64) -> Error {
    let learning_rate = config.schedule.learning_rate(step, last_step);
    let advice = advice(config, "try a smaller --learning-rate");
    Error::Diverged { what, step, learning_rate: Some(learning_rate), advice }
}

/// The settings that are far from usual, in words; `otherwise` if none is.
pub(super) fn advice(config: &TrainConfig, otherwise: &str) -> String {
    let far = far_settings(config);
    if far.is_empty() { otherwise.to_owned() } else { far }
}

/// The settings that are far from their usual values, the farthest first, in words; empty if none is.
fn far_settings(config: &TrainConfig) -> String {
    let (Schedule::Constant { learning_rate } | Schedule::Linear { learning_rate }) = config.schedule;
    let (usual_rate, usual_epsilon) = match config.optimizer {
        Optimizer::Adagrad { .. } => (defaults::cml_2017::LEARNING_RATE, defaults::ADAGRAD_EPSILON),
        Optimizer::Adam { .. } | Optimizer::Sgd => (defaults::LEARNING_RATE, defaults::EPSILON),
    };
    let mut settings = vec![
        ("--learning-rate", learning_rate, usual_rate),
        ("--start-norm", config.start_norm, defaults::START_NORM),
        ("--epsilon", config.optimizer.epsilon(), usual_epsilon),
    ];
    // The weight that the recipe of that regulariser has.
    let negatives =
        Negatives::TwoStage { count: config.negatives.count(), beta: 0.0, candidates: 0, hardness: 0.0 };
    let gor_weight = defaults::two_stage_2019::gor_weight(&negatives);
    settings.push(("--gor-weight", config.regularisers.gor_weight, gor_weight));
    let usual_weight = defaults::cml_2017::COVARIANCE_WEIGHT;
    settings.push(("--covariance-weight", config.regularisers.covariance_weight, usual_weight));
    if let Some(bias) = config.item_bias {
        settings.push(("--item-bias-rate", bias.rate, defaults::ITEM_BIAS_RATE));
    }
    match config.loss {
        Loss::Softmax { temperature } => {
            settings.push(("--temperature", temperature, defaults::TEMPERATURE));
        }
        Loss::Contrastive { weight, .. } => {
            settings.push(("--contrastive-weight", weight, defaults::CONTRASTIVE_WEIGHT));
        }
        Loss::Triplet { margin, .. } | Loss::HingeSum { margin } | Loss::Warp { margin } => {
            settings.push(("--margin", margin, defaults::MARGIN));
        }
        Loss::Bpr => {}
    }
    let distance = |value: f64, usual: f64| (value / usual).ln().abs();
    settings.retain(|&(_, value, usual)| value > 0.0 && distance(value, usual) > FAR.ln());
    settings.sort_by(|a, b| distance(b.1, b.2).total_cmp(&distance(a.1, a.2)));
    let words: Vec<String> = settings
        .iter()
        .map(|(flag, value, usual)| format!("{flag} is {value:?}, usual is about {usual:?}"))
        .collect();
    words.join("; ")
}
