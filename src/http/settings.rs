//! `/settings.json`: what the page offers on this server.

use serde::Serialize;

use super::Options;

#[derive(Serialize)]
struct Settings<'a> {
    /// Shown instead of callbox.
    name: Option<&'a str>,
    /// Where the logo is, if there is one.
    logo: Option<&'static str>,
    max_people: usize,
    relay_only: bool,
    /// kbit/s, 0: the page chooses.
    video_bitrate: u32,
    video_codecs: &'a [String],
    /// Empty: all the page has.
    languages: &'a [String],
    /// Whether `/files/` is there.
    files: bool,
    version: &'static str,
}

/// The settings as JSON text.
pub(super) fn json(options: &Options) -> String {
    let call = &options.call;
    let settings = Settings {
        name: call.name.as_deref(),
        logo: call.logo.as_ref().map(|_| "/logo"),
        max_people: options.rooms.max_people,
        relay_only: call.relay_only,
        video_bitrate: call.video_bitrate,
        video_codecs: &call.video_codecs,
        languages: &call.languages,
        files: options.public_dir.is_some(),
        version: env!("CARGO_PKG_VERSION"),
    };
    serde_json::to_string(&settings).expect("texts, numbers and lists of them always have a JSON form")
}
