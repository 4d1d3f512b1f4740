// What stays the same for a whole run. Mirror: `Settings` in src/step/layout.rs.
struct Settings {
    gor_weight: f32,        // lambda of L + lambda L_GOR (Tran et al. 2019, eq. 3)
    inverse_dim: f32,       // 1 / D, D before padding
    hardness: f32,          // exponent of stage 2
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    log_beta_1: f32,        // ln beta_1
    log_beta_2: f32,        // ln beta_2
    log_ratio: f32,         // ln( beta_1 / sqrt(beta_2) )
    catch_up_count: u32,    // entries of the catch_up table
    item_bias_rate: f32,    // an item bias moves at this share of the learning rate; 0: there are none
    covariance_weight: f32, // lambda of L + lambda L_cov (Hsieh et al. 2017, 3.4)
}

@group(0) @binding(1) var<uniform> settings: Settings;
