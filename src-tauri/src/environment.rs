//! What must be set before GTK and WebKit start: they, and the processes that WebKit starts, read it from the
//! environment. Decisions 0014 and 0016 tell what each is for and what was measured.

/// Nothing is composited by a GPU.
#[cfg(target_os = "linux")]
const WITHOUT_COMPOSITING: [(&str, &str); 2] =
    [("WEBKIT_DISABLE_COMPOSITING_MODE", "1"), ("WEBKIT_DISABLE_DMABUF_RENDERER", "1")];

/// And so this process needs no OpenGL, which weighs 17 MB here where it is emulated: GDK does not open it, and WebKit,
/// which opens it only to learn the name of the GPU's file, is told one. Nobody opens the file.
#[cfg(target_os = "linux")]
const WITHOUT_OPENGL: [(&str, &str); 2] =
    [("GDK_GL", "disable"), ("WEBKIT_WEB_RENDER_DEVICE_FILE", "/dev/dri/renderD128")];

/// Code of the page is optimised (the third compilation, which takes memory) after 200,000 rounds and not after 1,000:
/// a terminal's parser is there in a moment, the rest gains nothing from it. And the heap of the page grows by a fifth
/// at a time and not by doubling, with code unused for a while thrown away: 25 MB less after some scrolling.
#[cfg(target_os = "linux")]
const SMALL_SCRIPT_ENGINE: [(&str, &str); 2] =
    [("JSC_thresholdForOptimizeAfterWarmUp", "200000"), ("JSC_forceMiniVMMode", "1")];

/// Sets what the person has not set, and returns the names: they are this program's own business.
pub fn prepare() -> Vec<&'static str> {
    #[cfg(target_os = "linux")]
    {
        let mut own = set_unless_set(&WITHOUT_COMPOSITING);
        // Somebody who wants a GPU to composite wants OpenGL too.
        if own.len() == WITHOUT_COMPOSITING.len() {
            own.extend(set_unless_set(&WITHOUT_OPENGL));
        }
        own.extend(set_unless_set(&SMALL_SCRIPT_ENGINE));
        own
    }
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}

#[cfg(target_os = "linux")]
fn set_unless_set(variables: &[(&'static str, &str)]) -> Vec<&'static str> {
    let mut set = Vec::new();
    for (name, value) in variables {
        if std::env::var_os(name).is_none() {
            // SAFETY: no other thread runs yet.
            unsafe { std::env::set_var(name, value) };
            set.push(*name);
        }
    }
    set
}
