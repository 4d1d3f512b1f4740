//! Nothing is printed that spherec did not mean to print.

use crate::support::{place, spherec, text};

/// Mesa's layers look for a Wayland compositor. On a server there is none, and libwayland used to complain.
#[test]
fn doctor_is_silent_about_a_missing_runtime_folder() {
    let place = place();
    for runtime_folder in [None, Some("relative")] {
        let mut command = spherec(place.path(), &["doctor"]);
        for name in ["XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(name);
        }
        if let Some(folder) = runtime_folder {
            command.env("XDG_RUNTIME_DIR", folder);
        }
        let output = command.output().unwrap();
        let err = text(&output.stderr);
        assert!(output.status.success(), "{:?}: {err}", output.status);
        assert!(!err.contains("XDG_RUNTIME_DIR"), "{runtime_folder:?}: {err}");
    }
}
