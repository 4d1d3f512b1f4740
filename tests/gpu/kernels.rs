//! Every kernel against its twin, as it is and with defects put in.

use crate::support::gpu;
use spherec::gpu::shader;
use spherec::selftest::{cases, check_kernel};

#[test]
fn every_kernel_equals_its_twin_on_every_case() {
    let gpu = gpu();
    for (name, text) in shader::KERNELS {
        let mut case_count = 0;
        for case in cases() {
            let Some(outcome) = check_kernel(&gpu, name, text, &case).unwrap() else { continue };
            case_count += 1;
            println!("{name}, {}: {:.3} of the tolerance used", case.name, outcome.worst_share);
            assert_eq!(outcome.failure, None);
        }
        assert!(case_count > 0, "no case runs {name}");
    }
}
