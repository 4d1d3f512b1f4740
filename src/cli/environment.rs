//! What spherec changes in its own environment before anything else runs.

use std::path::Path;

/// A path that no compositor listens on.
const NO_COMPOSITOR: &str = "/dev/null";

/// Keeps libwayland from printing "XDG_RUNTIME_DIR is invalid or not set" among spherec's own lines. Does nothing
/// once the process has a second thread.
///
/// wgpu asks for surfaces on Wayland. Mesa's layer `VK_LAYER_MESA_device_select` then looks for a compositor
/// whenever adapters are listed. On servers and in containers `XDG_RUNTIME_DIR` is often not set, so libwayland
/// prints that line and gives up. With an absolute path in `WAYLAND_DISPLAY` it tries that path and gives up
/// without a word. The adapters found are the same. If a compositor can be reached, nothing is changed.
#[expect(unsafe_code, reason = "libwayland reads this only from the environment, and `set_var` is unsafe")]
pub(crate) fn quiet_wayland() {
    let is_absolute = |name| std::env::var_os(name).is_some_and(|value| Path::new(&value).is_absolute());
    if is_absolute("XDG_RUNTIME_DIR") || is_absolute("WAYLAND_DISPLAY") || !has_one_thread() {
        return;
    }
    // SAFETY: this is the only thread, so nothing else reads or writes the environment meanwhile.
    unsafe { std::env::set_var("WAYLAND_DISPLAY", NO_COMPOSITOR) };
}

/// Lets a write beyond the limit of a file's size (`ulimit -f`) fail as any other write does. The system would end
/// the process otherwise, and its temporary files would stay.
pub(crate) fn survive_size_limits() {
    #[cfg(unix)]
    {
        // Whoever catches the signal gets the error of the write. If it cannot be caught, things are as they were.
        let seen = std::sync::Arc::default();
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen);
    }
}

/// Whether the calling thread is the only one. On systems other than Linux this is not known, and the answer is no.
fn has_one_thread() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}
