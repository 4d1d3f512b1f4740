#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    spherec_fuzz::features(bytes);
});
