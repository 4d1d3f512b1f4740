//! Draws what popularity brings and costs: the accuracy of models against how popular their lists are.

use super::dial::check_dials;
use super::format::{counted, name_of};
use super::look_args::LookArgs;
use image::RgbImage;
use spherec::data::Split;
use spherec::evaluate::evaluate_dials;
use spherec::model::Model;
use spherec::plot::{Trade, TradePoint, Unit, draw_trade};
use spherec::{Error, Result};
use std::path::{Path, PathBuf};

/// Draws the models in `folders`, each on its test part at every one of `dials`, for lists of `k` items.
pub(crate) fn picture(folders: &[PathBuf], dials: &[f64], k: usize, look: &LookArgs) -> Result<RgbImage> {
    let lines = folders.iter().map(|folder| measure(folder, dials, k)).collect::<Result<Vec<_>>>()?;
    let models: Vec<String> = folders.iter().map(|folder| name_of(folder)).collect();
    let title = match (&look.title, &models[..]) {
        (Some(title), _) => title.clone(),
        (None, [model]) => format!("Accuracy and popularity of {model}"),
        (None, models) => format!("Accuracy and popularity of {}", counted(models.len(), "model")),
    };
    let (x, y) = (format!("MMR@{k}: how popular the items of a list are"), format!("NDCG@{k}"));
    let trade = Trade {
        title: &title,
        subtitle: "on the test part; beside each point, how much of the item bias counts (--popularity)",
        models: &models,
        lines: &lines,
        x: (&x, Unit::Plain),
        y: (&y, Unit::Percent),
    };
    draw_trade(&trade, &look.look())
}

fn measure(folder: &Path, dials: &[f64], k: usize) -> Result<Vec<TradePoint>> {
    let model = Model::load(folder)?;
    check_dials(dials, &model, folder)?;
    let Split { train, valid, test } = &model.split;
    if test.is_empty() {
        let message = "has no test part to measure popularity on: train with --test-fraction";
        return Err(Error::file(folder, message));
    }
    let measured = evaluate_dials(&model.embeddings, dials, train, Some(valid), test, &[k])?;
    let points = dials.iter().zip(measured.into_iter().flatten());
    Ok(points
        .map(|(dial, metrics)| TradePoint { x: metrics.mmr, y: metrics.ndcg, label: dial.to_string() })
        .collect())
}
