#![no_main]

use std::panic;

libfuzzer_sys::fuzz_target!(
    init: {
        // A panic ends the process here, although `load` catches those of the Parquet reader. Let it.
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map_or("", |location| location.file());
            if !place.contains("/parquet-") {
                abort(panic);
            }
        }));
    },
    |bytes: &[u8]| {
        spherec_fuzz::parquet(bytes);
    }
);
