//! The folder whose files everybody may have: its index, what stays hidden, and downloads that go on.

use std::fs;
use std::os::unix::fs::symlink;

use callbox::http::Options;
use reqwest::{Method, StatusCode};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::site::{options, run};
use super::{ask, clients, get, header};

/// A folder with a bit of everything that could go wrong.
pub(super) fn public_folder() -> (TempDir, Options) {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("public");
    fs::create_dir_all(folder.join("sub dir")).unwrap();
    fs::create_dir(folder.join(".hidden")).unwrap();
    fs::write(folder.join(".hidden/x"), "hidden").unwrap();
    fs::write(folder.join(".env"), "hidden").unwrap();
    fs::write(parent.path().join("secret.txt"), "secret").unwrap();
    fs::write(folder.join("会议 <b>.txt"), "0123456789").unwrap();
    fs::write(folder.join("sub dir/page.html"), "<script>1</script>").unwrap();
    symlink("../secret.txt", folder.join("way-out.txt")).unwrap();
    symlink("..", folder.join("way-up")).unwrap();
    symlink(".env", folder.join("unhidden")).unwrap();
    symlink("sub dir", folder.join("inside")).unwrap();
    let options = Options { public_dir: Some(folder), ..options() };
    (parent, options)
}

#[tokio::test]
async fn the_public_folder_has_an_index_that_shows_only_what_is_public() {
    let (_folder, options) = public_folder();
    let running = run(options).await;
    for (protocol, client) in clients() {
        let moved = get(&client, &running, "/files").await;
        assert_eq!((moved.status(), header(moved.headers(), "location")), (StatusCode::PERMANENT_REDIRECT, "/files/"));
        let index = get(&client, &running, "/files/").await;
        assert_eq!(header(index.headers(), "content-type"), "text/html; charset=utf-8");
        let index = index.text().await.unwrap();
        assert!(index.contains("会议 &#60;b&#62;.txt") && index.contains("10 B"), "{protocol}: {index}");
        assert!(index.contains("href=\"./sub%20dir/\"") && index.contains("href=\"./inside/\""));
        for hidden in [".env", ".hidden", "way-out", "way-up", "unhidden"] {
            assert!(!index.contains(hidden), "{hidden}");
        }
        let link = index.split("href=\"./").find(|part| part.contains("b%3E")).unwrap().split('"').next().unwrap();
        assert_eq!(get(&client, &running, &format!("/files/{link}")).await.text().await.unwrap(), "0123456789");
        let moved = get(&client, &running, "/files/sub%20dir").await;
        assert_eq!(header(moved.headers(), "location"), "/files/sub%20dir/");
        assert!(get(&client, &running, "/files/sub%20dir/").await.text().await.unwrap().contains("page.html"));
    }
}

#[tokio::test]
async fn no_way_leads_out_of_the_public_folder() {
    let (_folder, options) = public_folder();
    let running = run(options).await;
    for path in [
        "/files/../secret.txt",
        "/files/%2e%2e/secret.txt",
        "/files/..%2fsecret.txt",
        "/files/sub%20dir/../../secret.txt",
        "/files/.%2e/secret.txt",
        "/files//etc/passwd",
        "/files/%2fetc/passwd",
        "/files/way-out.txt",
        "/files/way-up/secret.txt",
        "/files/unhidden",
        "/files/.env",
        "/files/.hidden/x",
        "/files/%2eenv",
        "/files/a%00b",
    ] {
        // By hand: a client would tidy the path before it asks.
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("secret") && !answer.contains("hidden\n"), "{path}");
    }
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let (folder, options) = public_folder();
    let big: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
    fs::write(folder.path().join("public/film.mp4"), &big).unwrap();
    let running = run(options).await;
    for (protocol, client) in clients() {
        let whole = get(&client, &running, "/files/film.mp4").await;
        assert_eq!(header(whole.headers(), "accept-ranges"), "bytes");
        assert!(header(whole.headers(), "content-disposition").starts_with("inline"));
        let tag = header(whole.headers(), "etag").to_owned();
        let date = header(whole.headers(), "last-modified").to_owned();
        assert_eq!(whole.bytes().await.unwrap(), big);
        for held in [&tag, &date] {
            let headers = [("range", "bytes=200000-"), ("if-range", held.as_str())];
            let rest = ask(&client, &running, Method::GET, "/files/film.mp4", &headers).await;
            assert_eq!(rest.status(), StatusCode::PARTIAL_CONTENT, "{protocol}");
            assert_eq!(header(rest.headers(), "content-range"), "bytes 200000-299999/300000");
            assert_eq!(rest.bytes().await.unwrap(), big[200_000..]);
        }
        let other = [("range", "bytes=200000-"), ("if-range", "\"other\"")];
        let whole = ask(&client, &running, Method::GET, "/files/film.mp4", &other).await;
        assert_eq!((whole.status(), whole.content_length()), (StatusCode::OK, Some(300_000)));
        let beyond = ask(&client, &running, Method::GET, "/files/film.mp4", &[("range", "bytes=300000-")]).await;
        assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(header(beyond.headers(), "content-range"), "bytes */300000");
        let held = ask(&client, &running, Method::GET, "/files/film.mp4", &[("if-modified-since", &date)]).await;
        assert_eq!(held.status(), StatusCode::NOT_MODIFIED);
        let head = ask(&client, &running, Method::HEAD, "/files/film.mp4", &[]).await;
        assert_eq!(header(head.headers(), "content-length"), "300000");
    }
}

#[tokio::test]
async fn a_public_page_is_saved_and_never_run_as_ours() {
    let (_folder, options) = public_folder();
    let running = run(options).await;
    for (_, client) in clients() {
        let response = get(&client, &running, "/files/sub%20dir/page.html").await;
        let headers = response.headers();
        assert_eq!(header(headers, "content-disposition"), "attachment; filename*=UTF-8''page.html");
        let policy = header(headers, "content-security-policy");
        assert!(policy.contains("sandbox") && !policy.contains("script"), "{policy}");
    }
}
