//! The flags of what a picture looks like, for maps and for curves.

use clap::ValueEnum;
use spherec::plot::{Look, Theme};

/// What a picture looks like.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Look")]
pub(crate) struct LookArgs {
    /// Title above the picture
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Width in points
    #[arg(long, value_name = "POINTS", default_value_t = Look::default().width,
        value_parser = clap::value_parser!(u32).range(240..=4096))]
    size: u32,
    /// Pixels per point; 2 suits today's screens
    #[arg(long, value_name = "X", default_value_t = Look::default().scale, value_parser = scale)]
    scale: f32,
    /// Dark on light, or light on dark
    #[arg(long, value_enum, value_name = "THEME", default_value_t = ThemeName::Light)]
    theme: ThemeName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ThemeName {
    Light,
    Dark,
}

fn scale(text: &str) -> std::result::Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.5..=4.0).contains(&value) => Ok(value),
        _ => Err("must be a number from 0.5 to 4".to_owned()),
    }
}

impl LookArgs {
    pub(crate) fn look(&self) -> Look {
        let theme = match self.theme {
            ThemeName::Light => Theme::Light,
            ThemeName::Dark => Theme::Dark,
        };
        Look { width: self.size, scale: self.scale, theme }
    }
}
