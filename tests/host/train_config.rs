//! Configs: which settings go together, what is said of those that do not, recipes, and configs as JSON.

use spherec::Error;
use spherec::als::WrmfConfig;
use spherec::sampling::Negatives;
use spherec::step::{FeatureRole, Geometry, Loss, Optimizer, Schedule};
use spherec::train::{FeatureNetwork, ItemBias, PopularityConfig, Recipe, RunConfig, RunRecipe, TrainConfig};
use std::collections::BTreeSet;

const SAMPLERS: [Negatives; 4] = [
    Negatives::Uniform { count: 3 },
    Negatives::Popularity { count: 3, beta: 0.5 },
    Negatives::TwoStage { count: 3, beta: 0.5, candidates: 50, hardness: 1.5 },
    Negatives::Shared { beta: 0.5, candidates: 50 },
];

fn config(loss: Loss, negatives: Negatives, geometry: Geometry) -> TrainConfig {
    let optimizer = match geometry {
        Geometry::Ball => Optimizer::Adagrad { epsilon: 1e-10 },
        _ => TrainConfig::default().optimizer,
    };
    TrainConfig { loss, negatives, geometry, optimizer, item_bias: None, ..TrainConfig::default() }
}

/// The flag and the text of a refusal.
fn refusal(config: &TrainConfig) -> Option<(&'static str, String)> {
    let error = config.check().err()?;
    let Error::Setting { flag, .. } = &error else { panic!("{error}") };
    Some((*flag, error.to_string()))
}

/// The samplers that a refusal advises.
fn advice(text: &str) -> Vec<Negatives> {
    let (_, advice) = text.rsplit_once("take ").unwrap_or_else(|| panic!("no advice in {text}"));
    let named = |it: &Negatives| advice.split([' ', ',']).any(|word| word == it.sampler());
    let advised: Vec<Negatives> = SAMPLERS.into_iter().filter(named).collect();
    assert!(advised.len() > 1, "{text}");
    advised
}

#[test]
fn every_loss_sampler_and_geometry_goes_together_or_is_refused_with_advice_that_works() {
    // (loss, sampler, geometry), "*" for any: all that do not go together.
    let refused = [
        ("*", "two-stage", "dot"),
        ("*", "two-stage", "ball"),
        ("warp", "two-stage", "*"),
        ("warp", "shared", "*"),
    ];
    let mut counts = [0, 0];
    for loss in Loss::ALL {
        for negatives in SAMPLERS {
            for geometry in Geometry::ALL {
                let config = config(loss, negatives, geometry);
                let place = geometry.name();
                let is = |pattern: &str, name: &str| pattern == "*" || pattern == name;
                let expected = refused
                    .iter()
                    .any(|(l, s, g)| is(l, loss.name()) && is(s, negatives.sampler()) && is(g, place));
                let found = refusal(&config);
                assert_eq!(found.is_some(), expected, "{loss:?} {negatives:?} {geometry:?}: {found:?}");
                counts[usize::from(expected)] += 1;
                let Some((flag, text)) = found else { continue };
                assert!(flag == "--sampler" && text.contains(negatives.sampler()), "{text}");
                for negatives in advice(&text) {
                    let advised = TrainConfig { negatives, ..config.clone() };
                    assert_eq!(refusal(&advised), None, "after {text}");
                }
            }
        }
    }
    // Of 7 losses x 4 samplers x 3 geometries: 14 of two-stage, 1 more of WARP on the sphere, 3 of WARP with shared.
    assert_eq!(counts, [66, 18]);
}

#[test]
fn the_regulariser_needs_a_pairs_own_negatives() {
    for geometry in Geometry::ALL {
        for negatives in SAMPLERS {
            let mut config = config(Loss::Bpr, negatives, geometry);
            config.regularisers.gor_weight = 0.25;
            match negatives {
                Negatives::Shared { .. } => {
                    let (flag, text) = refusal(&config).expect("refused");
                    assert!(flag == "--gor-weight" && text.contains("0.25"), "{text}");
                    for negatives in advice(&text) {
                        let advised = TrainConfig { negatives, ..config.clone() };
                        assert_eq!(refusal(&advised), None, "after {text}");
                    }
                }
                Negatives::TwoStage { .. } if geometry != Geometry::Sphere => (),
                _ => assert_eq!(refusal(&config), None),
            }
        }
    }
}

#[test]
fn points_are_sums_where_scores_are_inner_products_of_a_pairs_own_negatives() {
    let features = Some(FeatureNetwork { hidden: 0, dropout: 0.0, role: FeatureRole::Added });
    for geometry in Geometry::ALL {
        for negatives in [SAMPLERS[0], SAMPLERS[1], SAMPLERS[3]] {
            let config = TrainConfig { features, ..config(Loss::Bpr, negatives, geometry) };
            let found = refusal(&config);
            if geometry != Geometry::Dot {
                let (flag, text) = found.expect("refused");
                assert!(flag == "--features-as" && text.contains("take --geometry dot"), "{text}");
                continue;
            }
            assert_eq!(found.is_some(), matches!(negatives, Negatives::Shared { .. }), "{negatives:?}");
            let Some((flag, text)) = found else { continue };
            assert_eq!(flag, "--sampler");
            for negatives in advice(&text) {
                assert_eq!(refusal(&TrainConfig { negatives, ..config.clone() }), None, "after {text}");
            }
        }
    }
    // Without hidden units there is nothing to leave out, and nothing that draws points.
    let usual = config(Loss::Bpr, SAMPLERS[0], Geometry::Dot);
    let with = |hidden, dropout, role| {
        let features = Some(FeatureNetwork { hidden, dropout, role });
        refusal(&TrainConfig { features, ..usual.clone() }).map(|(flag, _)| flag)
    };
    assert_eq!(with(0, 0.5, FeatureRole::Added), Some("--dropout"));
    assert_eq!(with(0, 0.0, FeatureRole::Near { weight: 1.0 }), Some("--hidden"));
    assert_eq!(with(6, 0.0, FeatureRole::Added), Some("--hidden"));
    assert_eq!(with(8, 0.5, FeatureRole::Added), None);
}

#[test]
fn item_biases_start_by_the_temperature_of_the_softmax_alone() {
    for loss in Loss::ALL {
        let mut config = config(loss, SAMPLERS[0], Geometry::Sphere);
        config.item_bias = Some(ItemBias { rate: 0.2, start: 0.0 });
        assert_eq!(refusal(&config), None);
        config.item_bias = Some(ItemBias { rate: 0.2, start: 0.5 });
        let found = refusal(&config);
        assert_eq!(found.is_some(), !matches!(loss, Loss::Softmax { .. }), "{loss:?}: {found:?}");
        found.into_iter().for_each(|(flag, text)| {
            assert!(
                flag == "--item-bias-start" && text.contains(loss.name()) && text.contains("softmax"),
                "{text}"
            );
        });
    }
}

#[test]
fn single_settings_out_of_bounds_are_refused_by_their_flags() {
    type Change = fn(&mut TrainConfig);
    let bad: [(&str, Change); 14] = [
        ("--temperature", |it| it.loss = Loss::Softmax { temperature: 0.0 }),
        ("--temperature", |it| it.loss = Loss::Softmax { temperature: f64::NAN }),
        ("--temperature", |it| it.loss = Loss::Softmax { temperature: 1e5 }),
        ("--margin", |it| it.loss = Loss::HingeSum { margin: 0.0 }),
        ("--margin", |it| it.loss = Loss::Contrastive { margin: f64::INFINITY, weight: 1.0 }),
        ("--contrastive-weight", |it| it.loss = Loss::Contrastive { margin: 0.9, weight: -1.0 }),
        ("--candidates", |it| it.negatives = Negatives::Shared { beta: 0.0, candidates: 0 }),
        ("--beta", |it| it.negatives = Negatives::Shared { beta: -0.5, candidates: 9 }),
        ("--negatives", |it| it.negatives = Negatives::Uniform { count: 1_001 }),
        ("--start-norm", |it| it.start_norm = 0.0),
        ("--start-norm", |it| it.start_norm = f64::NAN),
        ("--item-bias-rate", |it| it.item_bias = Some(ItemBias { rate: 0.0, start: 0.0 })),
        ("--item-bias-start", |it| it.item_bias = Some(ItemBias { rate: 0.2, start: f64::NAN })),
        ("--learning-rate", |it| it.schedule = Schedule::Linear { learning_rate: 0.0 }),
    ];
    for (flag, change) in bad {
        // Without a bias, whose start would be refused with another loss.
        let mut config = TrainConfig { item_bias: None, ..TrainConfig::default() };
        assert_eq!(refusal(&config), None);
        change(&mut config);
        let found = refusal(&config).unwrap_or_else(|| panic!("{flag} {config:?}"));
        assert_eq!(found.0, flag, "{}", found.1);
    }
}

/// What would be infinite or zero on the device.
#[test]
fn numbers_that_32_bits_do_not_hold_are_refused() {
    type Change = fn(&mut TrainConfig, f64);
    let changes: [(&str, Change); 7] = [
        ("--learning-rate", |it, x| it.schedule = Schedule::Constant { learning_rate: x }),
        ("--epsilon", |it, x| it.optimizer = Optimizer::Adam { betas: (0.9, 0.999), epsilon: x }),
        ("--gor-weight", |it, x| it.regularisers.gor_weight = x),
        ("--covariance-weight", |it, x| it.regularisers.covariance_weight = x),
        ("--hardness", |it, x| {
            it.negatives = Negatives::TwoStage { count: 1, beta: 0.0, candidates: 9, hardness: x };
        }),
        ("--margin", |it, x| it.loss = Loss::HingeSum { margin: x }),
        ("--contrastive-weight", |it, x| it.loss = Loss::Contrastive { margin: 0.9, weight: x }),
    ];
    for (flag, change) in changes {
        for (value, shown) in [(1e39, "1e39"), (1e-40, "1e-40"), (1e300, "1e300")] {
            let mut config = config(Loss::Bpr, SAMPLERS[0], Geometry::Sphere);
            change(&mut config, value);
            let (found, text) = refusal(&config).unwrap_or_else(|| panic!("{flag} {value}"));
            assert!(found == flag && text.ends_with(shown), "{text}");
            change(&mut config, 1.0);
            assert_eq!(refusal(&config), None, "{flag}");
        }
    }
}

#[test]
fn recipes_are_valid_and_differ() {
    let names: BTreeSet<&str> = Recipe::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(names.len(), Recipe::ALL.len());
    for (index, recipe) in Recipe::ALL.into_iter().enumerate() {
        let config = recipe.config();
        assert_eq!(refusal(&config), None, "{}", recipe.name());
        assert!(!recipe.about().is_empty() && !recipe.about().contains('\n'));
        assert!(Recipe::ALL[..index].iter().all(|other| other.config() != config));
        assert_eq!(recipe.gor_weight(&config.negatives), config.regularisers.gor_weight);
    }
    assert_eq!(TrainConfig::default(), Recipe::Softmax.config());
    assert!(matches!(Recipe::TwoStage2019.config().loss, Loss::Triplet { .. }));
}

#[test]
fn a_config_is_the_same_after_json() {
    let mut configs: Vec<TrainConfig> = Recipe::ALL.map(Recipe::config).to_vec();
    for loss in Loss::ALL {
        configs.extend(SAMPLERS.map(|negatives| config(loss, negatives, Geometry::Dot)));
    }
    for config in configs {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), config, "{text}");
        // A setting that this version does not know could change what the model is.
        let more = text.replacen('{', "{\"nothing\":1,", 1);
        assert!(serde_json::from_str::<TrainConfig>(&more).unwrap_err().to_string().contains("nothing"));
        let less = text.replacen("\"start_norm\"", "\"begin_norm\"", 1).replacen(
            "\"start-norm\"",
            "\"begin-norm\"",
            1,
        );
        assert!(less != text && serde_json::from_str::<TrainConfig>(&less).is_err());
    }
}

#[test]
fn the_config_of_a_run_says_its_trainer_and_is_the_same_after_json() {
    let mut names = BTreeSet::new();
    for recipe in RunRecipe::all() {
        let config = recipe.config();
        config.check().unwrap();
        assert!(names.insert(recipe.name()) && !recipe.about().contains('\n'));
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<RunConfig>(&text).unwrap(), config, "{text}");
        let more = text.replacen('{', "{\"nothing\":1,", 1);
        assert!(serde_json::from_str::<RunConfig>(&more).unwrap_err().to_string().contains("nothing"));
    }
    // A model from before there was a choice has the step engine's settings alone.
    let steps = serde_json::to_string(&TrainConfig::default()).unwrap();
    assert_eq!(serde_json::to_string(&RunRecipe::default().config()).unwrap(), steps);
    for (config, trainer) in [
        (RunConfig::Wrmf(WrmfConfig::default()), "wrmf"),
        (RunConfig::Popularity(PopularityConfig::default()), "popularity"),
    ] {
        let text = serde_json::to_string(&config).unwrap();
        assert!(text.contains(&format!("\"trainer\":\"{trainer}\"")), "{text}");
        let other =
            serde_json::from_str::<RunConfig>(&text.replace(trainer, "magic")).unwrap_err().to_string();
        assert!(other.contains("unknown trainer `magic`"), "{other}");
        assert!(!config.needs_gpu());
    }
    assert!(RunRecipe::default().config().needs_gpu());
}
