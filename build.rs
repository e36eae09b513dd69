//! Prepares the page for embedding: copies `web/` to `$OUT_DIR/www`, gives its assets a name that changes with their
//! content, and puts `.br` and `.gz` beside every file that gets smaller by it. Cargo alone builds the whole product.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let web = Path::new("web");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=web");
    let www = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("www");
    if www.exists() {
        fs::remove_dir_all(&www)?;
    }
    fs::create_dir_all(&www)?;

    let mut files = BTreeMap::new();
    read_into(web, web, &mut files)?;
    preload_modules(&mut files);
    let hash = hash_of(&files);
    // Not CALLBOX_…: `cargo run` hands it on, and the program reads every such variable as configuration.
    println!("cargo:rustc-env=PAGE_HASH={hash}");
    for (path, content) in files {
        let target = www.join(&path);
        fs::create_dir_all(target.parent().unwrap_or(&www))?;
        let content = without_comments(&path, named_by_hash(&path, content, &hash));
        write_with_siblings(&target, &content)?;
    }
    Ok(())
}

/// All files below `folder`, by their path below `root`; without hidden ones.
fn read_into(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            read_into(root, &entry.path(), files)?;
        } else {
            let path = entry.path();
            let name = path.strip_prefix(root).map_err(io::Error::other)?.to_owned();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

/// Each page, and the module it begins with.
const PAGES: [(&str, &str); 2] = [("index.html", "app.js"), ("test.html", "test.js")];

/// Names every module of a page in its head. Otherwise a browser learns of each only from the module that imports it, one
/// round trip after another; so it fetches all of them at once.
fn preload_modules(files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for (page, first) in PAGES {
        let mut modules = BTreeSet::new();
        add_imports_of(Path::new(first), files, &mut modules);
        let links: String = modules
            .iter()
            .map(|path| format!("<link rel=\"modulepreload\" href=\"/a/dev/{}\">\n", path.display()))
            .collect();
        if let Some(page) = files.get_mut(Path::new(page)) {
            let text = String::from_utf8_lossy(page).replacen("</head>", &format!("{links}</head>"), 1);
            *page = text.into_bytes();
        }
    }
}

/// Everything that `module` imports statically, and what that imports.
fn add_imports_of(module: &Path, files: &BTreeMap<PathBuf, Vec<u8>>, found: &mut BTreeSet<PathBuf>) {
    let source = files.get(module).map(|content| String::from_utf8_lossy(content)).unwrap_or_default();
    let pieces: Vec<_> = source.split('\'').collect();
    for pair in pieces.windows(2) {
        let is_import = pair[0].trim_end().ends_with("from") || pair[0].trim_end().ends_with("import");
        let target = joined(module.parent().unwrap_or(Path::new("")), pair[1]);
        if is_import && files.contains_key(&target) && found.insert(target.clone()) {
            add_imports_of(&target, files, found);
        }
    }
}

/// `relative` as seen from `folder`, with its dots taken away.
fn joined(folder: &Path, relative: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => {
                path.pop();
            }
            name => path.push(name),
        }
    }
    path
}

/// Changes whenever any file of the page does: modules import each other by relative paths, so one name serves all.
fn hash_of(files: &BTreeMap<PathBuf, Vec<u8>>) -> String {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// In the source, assets are called `/a/dev/…`: only the three files that are fetched by a fixed name say so.
fn named_by_hash(path: &Path, content: Vec<u8>, hash: &str) -> Vec<u8> {
    let refers = path == Path::new("sw.js")
        || path.extension().is_some_and(|extension| extension == "html" || extension == "webmanifest");
    match String::from_utf8(content) {
        Ok(text) if refers => text.replace("/a/dev/", &format!("/a/{hash}/")).into_bytes(),
        Ok(text) => text.into_bytes(),
        Err(binary) => binary.into_bytes(),
    }
}

/// Comments are for readers of the source: a browser gets scripts without those that fill whole lines, which are a
/// quarter of the page's compressed weight. Every other line stays where it is, so a stack trace fits the source.
fn without_comments(path: &Path, content: Vec<u8>) -> Vec<u8> {
    if path.extension().is_none_or(|extension| extension != "js") {
        return content;
    }
    let mut in_block = false;
    let mut served = Vec::with_capacity(content.len());
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        let opens = text.starts_with(b"/**") && (text.ends_with(b"*/") || !text.windows(2).any(|two| two == b"*/"));
        let comment = in_block || opens || text.starts_with(b"//");
        in_block = (in_block || opens) && !text.ends_with(b"*/");
        served.extend_from_slice(if comment { b"\n" } else { line });
    }
    served
}

fn write_with_siblings(target: &Path, content: &[u8]) -> io::Result<()> {
    fs::write(target, content)?;
    for (suffix, pressed) in [("br", brotli(content)?), ("gz", gzip(content)?)] {
        // A tenth less is worth the decoder's work and the second cache entry; pictures are dense already.
        if pressed.len() < content.len() / 10 * 9 {
            let mut name = target.as_os_str().to_owned();
            name.push(".");
            name.push(suffix);
            fs::write(name, pressed)?;
        }
    }
    Ok(())
}

fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut pressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut pressed, 4096, 11, 22);
    writer.write_all(content)?;
    drop(writer);
    Ok(pressed)
}

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content)?;
    writer.finish()
}
