//! What the tests of the device share.

use spherec::gpu::{AdapterChoice, Gpu};
use std::sync::{Arc, OnceLock};

/// The adapter under test: `SPHEREC_ADAPTER`, else the best. Without one the tests fail with the line that
/// says what to install.
pub(crate) fn gpu() -> Arc<Gpu> {
    static GPU: OnceLock<Arc<Gpu>> = OnceLock::new();
    let open = || {
        let choice = match std::env::var("SPHEREC_ADAPTER") {
            Ok(name) => AdapterChoice::Named(name),
            Err(_) => AdapterChoice::Best,
        };
        Arc::new(Gpu::open(&choice).unwrap_or_else(|error| panic!("{error}")))
    };
    Arc::clone(GPU.get_or_init(open))
}
