//! What a browser that already has something says (RFC 9110, sections 12 to 14): which encodings it reads, which version
//! it holds, which part it wants. Reads headers only; the answers are made by whoever has the content.

use std::ops::Range;
use std::time::SystemTime;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// How content is encoded for the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
    Identity,
}

/// The best of `offered` (in our order of preference) for this request.
///
/// RFC 9110, 12.5.3: a coding with `q=0` is not acceptable; `*` stands for every coding not named. When nothing fits,
/// the server may disregard the header: identity is always better than no page.
pub(super) fn coding(headers: &HeaderMap, offered: &[Coding]) -> Coding {
    let accepted = joined(headers, &header::ACCEPT_ENCODING);
    // `max_by_key` takes the last of equals, so the preferred one comes last.
    let best = offered.iter().rev().max_by_key(|coding| quality(&accepted, **coding));
    best.copied().filter(|coding| quality(&accepted, *coding) > 0).unwrap_or(Coding::Identity)
}

/// The quality in thousandths that an `Accept-Encoding` gives to `coding`.
fn quality(accepted: &str, coding: Coding) -> u32 {
    let names: &[&str] = match coding {
        Coding::Brotli => &["br"],
        Coding::Gzip => &["gzip", "x-gzip"],
        Coding::Identity => &["identity"],
    };
    let (mut named, mut any) = (None, None);
    for item in accepted.split(',') {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(weight).unwrap_or(1000);
        if names.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            named = Some(weight);
        } else if name == "*" {
            any = Some(weight);
        }
    }
    // Identity is acceptable unless it is refused, but anything that was asked for by name goes first.
    named.or(any).unwrap_or(if coding == Coding::Identity { 1 } else { 0 })
}

fn weight(parameter: &str) -> Option<u32> {
    let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
    let value: f32 = value.trim().parse().ok()?;
    Some((value.clamp(0.0, 1.0) * 1000.0) as u32)
}

/// What identifies one version of some content.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// A strong entity tag, with its quotes.
    pub(super) etag: HeaderValue,
    pub(super) modified: Option<SystemTime>,
}

impl Version {
    /// Whether the browser already holds this version: answer 304.
    ///
    /// RFC 9110, 13.1.3: a recipient must ignore If-Modified-Since when the request has If-None-Match.
    pub(super) fn is_held(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(header::IF_NONE_MATCH) {
            // 13.1.2: weak comparison.
            let own = self.etag.as_bytes();
            return joined(headers, &header::IF_NONE_MATCH)
                .split(',')
                .map(str::trim)
                .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held).as_bytes() == own);
        }
        let since = headers.get(header::IF_MODIFIED_SINCE).and_then(date);
        since.zip(self.modified).is_some_and(|(since, modified)| whole_seconds(modified) <= since)
    }

    /// Whether a part may be added to what the browser holds (13.1.5: strong comparison; a date must be the same one).
    fn continues(&self, headers: &HeaderMap) -> bool {
        let Some(held) = headers.get(header::IF_RANGE) else { return true };
        *held == self.etag || date(held).zip(self.modified).is_some_and(|(held, ours)| held == whole_seconds(ours))
    }
}

/// Which part of `length` bytes is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Some(Range<u64>),
    /// Outside the content: answer 416.
    Nothing,
}

/// Reads `Range` (RFC 9110, 14.2). One range only: a list of them, or another unit, may be answered with the whole.
pub(super) fn part(headers: &HeaderMap, length: u64, version: &Version) -> Part {
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some(range) = range.and_then(|value| value.strip_prefix("bytes=")) else { return Part::Whole };
    let Some((first, last)) = range.split_once('-') else { return Part::Whole };
    if !version.continues(headers) {
        return Part::Whole;
    }
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..length,
        (Err(_), Ok(suffix)) if first.trim().is_empty() => length.saturating_sub(suffix)..length,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Nothing } else { Part::Some(range) }
}

/// A date as headers have it: whole seconds.
fn whole_seconds(time: SystemTime) -> SystemTime {
    httpdate::HttpDate::from(time).into()
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// All lines of one header as one list.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    lines.join(",")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const ALL: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Identity];

    fn headers(lines: &[(HeaderName, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    fn version() -> Version {
        Version {
            etag: HeaderValue::from_static("\"v1\""),
            modified: Some(UNIX_EPOCH + Duration::from_millis(784_111_777_500)),
        }
    }

    #[test]
    fn the_browser_gets_the_encoding_it_likes_best() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip, deflate", Coding::Gzip),
            ("br;q=0.5, gzip;q=0.8", Coding::Gzip),
            ("br;q=0, gzip;q=0, *;q=0.1", Coding::Identity),
            ("*", Coding::Brotli),
            ("br; q=0.0", Coding::Identity),
            ("identity;q=1, br;q=0.2", Coding::Identity),
            ("identity;q=0", Coding::Identity),
            ("BR", Coding::Brotli),
            ("", Coding::Identity),
            ("nonsense;;q=;,", Coding::Identity),
        ] {
            let headers = headers(&[(header::ACCEPT_ENCODING, accepted)]);
            assert_eq!(coding(&headers, &ALL), expected, "{accepted}");
        }
        assert_eq!(coding(&HeaderMap::new(), &ALL), Coding::Identity);
    }

    #[test]
    fn a_held_version_is_recognised_by_tag_before_date() {
        let later = (header::IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT");
        let earlier = (header::IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT");
        for (lines, held) in [
            (vec![(header::IF_NONE_MATCH, "\"v1\"")], true),
            (vec![(header::IF_NONE_MATCH, "\"v0\", W/\"v1\"")], true),
            (vec![(header::IF_NONE_MATCH, "*")], true),
            (vec![(header::IF_NONE_MATCH, "\"v0\""), later.clone()], false),
            (vec![later], true),
            (vec![earlier], false),
            (vec![], false),
        ] {
            assert_eq!(version().is_held(&headers(&lines)), held, "{lines:?}");
        }
    }

    #[test]
    fn one_part_of_a_file_can_be_asked_for() {
        for (range, expected) in [
            ("bytes=0-99", Part::Some(0..100)),
            ("bytes=990-2000", Part::Some(990..1000)),
            ("bytes=10-", Part::Some(10..1000)),
            ("bytes=-10", Part::Some(990..1000)),
            ("bytes=-5000", Part::Some(0..1000)),
            ("bytes=1000-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=5-1", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=x-y", Part::Whole),
        ] {
            assert_eq!(part(&headers(&[(header::RANGE, range)]), 1000, &version()), expected, "{range}");
        }
    }

    #[test]
    fn a_part_is_only_added_to_the_same_version() {
        for (held, expected) in [
            ("\"v1\"", Part::Some(1..1000)),
            ("W/\"v1\"", Part::Whole),
            ("\"v0\"", Part::Whole),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Part::Some(1..1000)),
            ("Sun, 06 Nov 1994 08:49:38 GMT", Part::Whole),
        ] {
            let headers = headers(&[(header::RANGE, "bytes=1-"), (header::IF_RANGE, held)]);
            assert_eq!(part(&headers, 1000, &version()), expected, "{held}");
        }
    }
}
