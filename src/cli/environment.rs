//! What spherec changes in its own environment before anything else runs.

use std::path::Path;

/// A path that no compositor listens on.
const NO_COMPOSITOR: &str = "/dev/null";

/// Keeps libwayland from printing "XDG_RUNTIME_DIR is invalid or not set" among spherec's own lines. The caller
/// must be the only thread.
///
/// wgpu asks for surfaces on Wayland. Mesa's layer `VK_LAYER_MESA_device_select` then looks for a compositor
/// whenever adapters are listed. On servers and in containers `XDG_RUNTIME_DIR` is often not set: libwayland
/// prints that line and gives up. If `WAYLAND_DISPLAY` is an absolute path, it tries that path and gives up in
/// silence. The adapters found are the same. If a compositor can be reached, nothing is changed.
#[expect(unsafe_code, reason = "setting a variable is unsafe, and a library offers no other way to say this")]
pub(crate) fn quiet_wayland() {
    let is_absolute = |name| std::env::var_os(name).is_some_and(|value| Path::new(&value).is_absolute());
    if cfg!(unix) && !is_absolute("XDG_RUNTIME_DIR") && !is_absolute("WAYLAND_DISPLAY") {
        // SAFETY: this is the only thread, so nothing else reads or writes the environment meanwhile.
        unsafe { std::env::set_var("WAYLAND_DISPLAY", NO_COMPOSITOR) };
    }
}
