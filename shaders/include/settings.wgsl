// What stays the same for a whole run. Mirrored by src/gpu/layout.rs.
struct Settings {
    margin: f32,            // Tran et al. 2019, eq. 1
    gor_weight: f32,        // lambda of L = L_triplet + lambda L_GOR
    inverse_dim: f32,       // 1 / D, D before padding
    hardness: f32,          // exponent of stage 2
    learning_rate: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    log_beta_1: f32,        // ln beta_1
    log_beta_2: f32,        // ln beta_2
    log_ratio: f32,         // ln( beta_1 / sqrt(beta_2) )
    catch_up_count: u32,    // entries of the catch_up table
}

@group(0) @binding(1) var<uniform> settings: Settings;
