//! The site over real sockets, in HTTP/1.1 and in HTTP/2: what a browser gets, what it keeps, and what a stranger never
//! gets.

#![allow(clippy::unwrap_used)] // a test says what must be there by unwrapping it

mod public_folder;
#[path = "../site/mod.rs"]
mod site;

use std::fs;
use std::time::Duration;

use callbox::http::{CallOptions, Options};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response, StatusCode, redirect};
use site::{Running, options, run};
use tempfile::TempDir;

/// A browser's first half: both protocols, and no redirect followed unseen.
fn clients() -> [(&'static str, Client); 2] {
    let builder = || Client::builder().redirect(redirect::Policy::none()).timeout(Duration::from_secs(20));
    [
        ("HTTP/1.1", builder().http1_only().build().unwrap()),
        ("HTTP/2", builder().http2_prior_knowledge().build().unwrap()),
    ]
}

async fn ask(
    client: &Client,
    running: &Running,
    method: Method,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Response {
    let request = client.request(method, format!("http://{}{path}", running.address));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

async fn get(client: &Client, running: &Running, path: &str) -> Response {
    ask(client, running, Method::GET, path, &[]).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

/// The first address of an asset that the page names, without its host.
fn asset_in(page: &str) -> String {
    let start = page.find("/a/").expect("the page names its assets");
    page[start..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_is_there_under_every_address_people_open() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        for path in ["/", "/test", "/manual", "/r/kitchen", "/r/%E4%BC%9A%E8%AE%AE?relay"] {
            let response = get(&client, &running, path).await;
            assert_eq!(response.status(), StatusCode::OK, "{protocol} {path}");
            assert_eq!(header(response.headers(), "content-type"), "text/html; charset=utf-8");
            assert_eq!(header(response.headers(), "cache-control"), "no-cache");
            assert!(response.text().await.unwrap().starts_with("<!doctype html>"));
        }
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_because_their_name_changes_with_the_page() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        let page = get(&client, &running, "/").await.text().await.unwrap();
        assert!(!page.contains("/a/dev/"), "the development name has been replaced");
        let path = asset_in(&page);
        let response = get(&client, &running, &path).await;
        assert_eq!(response.status(), StatusCode::OK, "{protocol} {path}");
        assert_eq!(header(response.headers(), "cache-control"), "public, max-age=31536000, immutable");
        let (_, name) = path["/a/".len()..].split_once('/').unwrap();
        let old = get(&client, &running, &format!("/a/0123456789abcdef/{name}")).await;
        assert_eq!((old.status(), header(old.headers(), "cache-control")), (StatusCode::OK, "no-cache"));
    }
}

#[tokio::test]
async fn each_encoding_is_its_own_version() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        let mut tags = Vec::new();
        for (accepted, coding) in [("br, gzip", Some("br")), ("gzip;q=1, br;q=0", Some("gzip")), ("identity", None)] {
            let response = ask(&client, &running, Method::GET, "/", &[("accept-encoding", accepted)]).await;
            let headers = response.headers().clone();
            assert_eq!(headers.get("content-encoding").map(|value| value.to_str().unwrap()), coding, "{protocol}");
            assert_eq!(header(&headers, "vary"), "accept-encoding");
            tags.push(header(&headers, "etag").to_owned());
            let held = [("accept-encoding", accepted), ("if-none-match", tags.last().unwrap())];
            let again = ask(&client, &running, Method::GET, "/", &held).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(header(again.headers(), "etag"), tags.last().unwrap());
            assert_eq!(header(again.headers(), "cache-control"), "no-cache");
            assert!(again.bytes().await.unwrap().is_empty());
        }
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        for path in ["/", "/healthz", "/settings.json", "/nowhere"] {
            let get = get(&client, &running, path).await;
            // Twice: a body that should not be there would break the connection for the next.
            for _ in 0..2 {
                let head = ask(&client, &running, Method::HEAD, path, &[]).await;
                assert_eq!(head.status(), get.status(), "{protocol} {path}");
                let length = get.content_length().map(|length| length.to_string());
                assert_eq!(
                    head.headers().get("content-length").map(|value| value.to_str().unwrap().to_owned()),
                    length
                );
                assert!(head.bytes().await.unwrap().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn nothing_foreign_may_run_frame_or_learn_anything() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.html"), "<script>alert(1)</script>").unwrap();
    let running = run(Options { public_dir: Some(folder.path().to_owned()), ..options() }).await;
    for (protocol, client) in clients() {
        for path in ["/", "/healthz", "/settings.json", "/nowhere", "/ws", "/files/", "/files/a.html", "/a/x"] {
            let response = get(&client, &running, path).await;
            let headers = response.headers();
            let policy = header(headers, "content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{protocol} {path}: {policy}");
            assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
            assert_eq!(header(headers, "x-content-type-options"), "nosniff");
            assert_eq!(header(headers, "referrer-policy"), "no-referrer");
            assert_eq!(header(headers, "cross-origin-opener-policy"), "same-origin");
            assert!(header(headers, "permissions-policy").contains("camera=(self)"));
        }
        let policy = get(&client, &running, "/").await;
        let policy = header(policy.headers(), "content-security-policy");
        for part in ["script-src 'self';", "frame-ancestors 'none'", "require-trusted-types-for 'script'"] {
            assert!(policy.contains(part), "{part}");
        }
    }
}

#[tokio::test]
async fn other_methods_and_other_addresses_are_refused_in_words() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let response = ask(&client, &running, method, "/", &[]).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{protocol}");
            assert_eq!(header(response.headers(), "allow"), "GET, HEAD");
        }
        for path in
            ["/nowhere", "/a/", "/a/x", "/index.html.br", "/a/x/index.html.br", "/files/", "/files", "/logo", "/R/x"]
        {
            let response = get(&client, &running, path).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{protocol} {path}");
            assert!(response.text().await.unwrap().contains("404"));
        }
    }
}

#[tokio::test]
async fn a_part_of_an_asset_can_be_asked_for() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        let whole = get(&client, &running, "/").await.bytes().await.unwrap();
        let response = ask(&client, &running, Method::GET, "/", &[("range", "bytes=2-9")]).await;
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT, "{protocol}");
        assert_eq!(header(response.headers(), "content-range"), format!("bytes 2-9/{}", whole.len()));
        assert_eq!(response.bytes().await.unwrap(), whole[2..10]);
        let encoded = [("range", "bytes=2-9"), ("accept-encoding", "br")];
        let response = ask(&client, &running, Method::GET, "/", &encoded).await;
        assert_eq!(response.status(), StatusCode::OK, "no part of a compressed stream");
    }
}

#[tokio::test]
async fn settings_say_what_this_server_offers() {
    let folder = TempDir::new().unwrap();
    let logo = folder.path().join("logo.svg");
    fs::write(&logo, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    let call = CallOptions {
        name: Some("Ä & Söhne".into()),
        logo: Some(logo),
        relay_only: true,
        video_bitrate: 900,
        video_codecs: vec!["VP9".into()],
        languages: vec!["zh-CN".into(), "en".into()],
    };
    let running = run(Options { call, ..options() }).await;
    for (_, client) in clients() {
        let response = get(&client, &running, "/settings.json").await;
        assert_eq!(header(response.headers(), "cache-control"), "no-store");
        let settings: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        let expected = serde_json::json!({
            "name": "Ä & Söhne", "logo": "/logo", "max_people": 8, "relay_only": true, "languages": ["zh-CN", "en"],
            "video_bitrate": 900, "video_codecs": ["VP9"], "files": false, "version": env!("CARGO_PKG_VERSION"),
        });
        assert_eq!(settings, expected);
        let logo = get(&client, &running, "/logo").await;
        assert_eq!(header(logo.headers(), "content-type"), "image/svg+xml");
        assert!(header(logo.headers(), "content-security-policy").contains("sandbox"));
    }
}

#[tokio::test]
async fn the_page_asks_for_its_settings_where_they_are() {
    let running = run(options()).await;
    let [(_, client), _] = clients();
    let module = get(&client, &running, "/a/any/call/settings.js").await.text().await.unwrap();
    let path = module.split("await get('").nth(1).expect("the page asks for its settings").split('\'').next().unwrap();
    let response = get(&client, &running, path).await;
    assert_eq!((response.status(), header(response.headers(), "content-type")), (StatusCode::OK, "application/json"));
}

#[tokio::test]
async fn a_browser_learns_of_every_module_at_once() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        let page = get(&client, &running, "/").await.text().await.unwrap();
        let named: Vec<_> =
            page.split("rel=\"modulepreload\" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(named.iter().any(|path| path.ends_with("/call/settings.js")), "{protocol}: {named:?}");
        for path in named {
            let response = get(&client, &running, path).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(header(response.headers(), "content-type"), "text/javascript; charset=utf-8");
        }
    }
}

/// All that a browser loads for the first view is named in the page, but for the words of its language.
#[tokio::test]
async fn the_first_view_weighs_at_most_ninety_kibibytes() {
    let running = run(options()).await;
    let [(_, client), _] = clients();
    let page = get(&client, &running, "/").await.text().await.unwrap();
    let named = page.split('"').filter(|text| text.starts_with("/a/") && !text.contains("/icons/"));
    let words = asset_in(&page).splitn(4, '/').take(3).collect::<Vec<_>>().join("/") + "/locales/en.json";
    let (mut paths, mut weight) = (vec!["/", words.as_str()], 0);
    paths.extend(named);
    for path in &paths {
        let response = ask(&client, &running, Method::GET, path, &[("accept-encoding", "br")]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        weight += response.bytes().await.unwrap().len();
    }
    assert!(paths.len() > 50, "few things are named: {paths:?}");
    assert!(weight <= 90 << 10, "{weight} bytes in {} pieces", paths.len());
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_server_stops() {
    let (folder, options) = public_folder::public_folder();
    let big = vec![7u8; 32 << 20];
    fs::write(folder.path().join("public/big.bin"), &big).unwrap();
    for (protocol, client) in clients() {
        let running = run(options.clone()).await;
        let mut response = get(&client, &running, "/files/big.bin").await;
        let first = response.chunk().await.unwrap().unwrap().len();
        running.shutdown.cancel();
        let mut received = first;
        while let Some(chunk) = response.chunk().await.unwrap() {
            received += chunk.len();
        }
        assert_eq!(received, big.len(), "{protocol}");
    }
}

#[tokio::test]
async fn who_stands_at_a_door_learns_how_many_are_inside_and_nothing_else() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        for room in ["kitchen", "%E4%BC%9A%E8%AE%AE%E5%AE%A4", "%FF", ""] {
            let response = get(&client, &running, &format!("/people/{room}")).await;
            assert_eq!(response.status(), StatusCode::OK, "{protocol} {room}");
            assert_eq!(header(response.headers(), "cache-control"), "no-store");
            assert_eq!(response.text().await.unwrap(), r#"{"people":0}"#);
        }
    }
}

#[tokio::test]
async fn where_only_invitations_open_a_door_nobody_is_told_who_is_behind_it() {
    let mut closed = options();
    closed.rooms.open = false;
    let running = run(closed).await;
    for (_, client) in clients() {
        let response = get(&client, &running, "/people/kitchen").await;
        assert_eq!(response.text().await.unwrap(), r#"{"people":null}"#);
    }
}

#[tokio::test]
async fn the_service_worker_has_one_address_and_the_pages_own_assets() {
    let running = run(options()).await;
    for (protocol, client) in clients() {
        let response = get(&client, &running, "/sw.js").await;
        assert_eq!(header(response.headers(), "content-type"), "text/javascript; charset=utf-8", "{protocol}");
        assert_eq!(header(response.headers(), "cache-control"), "no-cache");
        let worker = response.text().await.unwrap();
        let page = get(&client, &running, "/").await.text().await.unwrap();
        let assets = asset_in(&page).splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        assert!(worker.contains(&format!("'{assets}/'")) && !worker.contains("/a/dev/"));
    }
}
