// The network that projects features into the space (Hsieh et al. 2017, 3.3), f(x) = b2 + W2 dropout(relu(b1 + W1 x)), over
// P of the step's rows; or linear, f(x) = b1 + W1 x, and then H stands for D. Its first layer is a table with a row of H numbers for each feature, and one more, b1; its second
// is a table with a row of D numbers for each of the H hidden units, and one more, b2. `plan` is that of the first layer.
// Letters: G feature slots, P projected rows.
override hidden_chunks: u32 = 64u;      // H / 4
override is_linear: u32 = 0u;           // 1: there is no ReLU, and no second layer

// What a hidden number that is kept is multiplied by, and of 2^32 words those that drop a number.
override keep_scale: f32 = 2.0;
override drop_below: u32 = 0x80000000u;
