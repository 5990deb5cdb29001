//! What must be set before GTK and WebKit start.

/// Without a GPU, accelerated compositing costs frames: measured on a board of 1,000 cards, 16 ms a
/// frame without it and 47 ms with it. A value set by the person wins.
pub fn prepare() {
    #[cfg(target_os = "linux")]
    for (name, value) in [("WEBKIT_DISABLE_COMPOSITING_MODE", "1"), ("WEBKIT_DISABLE_DMABUF_RENDERER", "1")] {
        if std::env::var_os(name).is_none() {
            // SAFETY: no other thread runs yet.
            unsafe { std::env::set_var(name, value) };
        }
    }
}
