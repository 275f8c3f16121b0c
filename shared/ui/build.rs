//! Hashes and compresses every asset and writes the table that the crate includes.

#![expect(
    clippy::expect_used,
    reason = "a build script has nobody to answer to but the builder"
)]

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name in code, content type, the files it is made of. htmx starts itself as soon as its script
/// has run, so its extensions stand in the same one: apart, they sometimes came too late.
const ASSETS: [(&str, &str, &[&str]); 5] = [
    (
        "trellis.css",
        "text/css; charset=utf-8",
        &["assets/trellis.css"],
    ),
    ("trellis.js", SCRIPT, &["assets/trellis.js"]),
    ("passkey.js", SCRIPT, &["assets/passkey.js"]),
    (
        "htmx.js",
        SCRIPT,
        &[
            "assets/vendor/htmx.js",
            "assets/vendor/hx-csp.js",
            "assets/vendor/hx-sse.js",
        ],
    ),
    ("icon.svg", "image/svg+xml", &["assets/icon.svg"]),
];

fn main() {
    println!("cargo::rerun-if-changed=assets");
    check_vendored(Path::new("assets/vendor"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for (name, content_type, files) in ASSETS {
        let parts = files
            .iter()
            .map(|file| fs::read(file).expect("the asset is there"));
        let bytes = parts.collect::<Vec<_>>().join(&b'\n');
        let hash = hex::encode(Sha256::digest(&bytes));
        let (stem, extension) = name.rsplit_once('.').expect("an asset has an extension");
        let path = format!(
            "/assets/{stem}.{}.{extension}",
            hash.get(..12).expect("64 digits")
        );
        for (suffix, packed) in [
            ("", bytes.clone()),
            (".br", brotli(&bytes)),
            (".gz", gzip(&bytes)),
        ] {
            write(&out.join(format!("{name}{suffix}")), &packed);
        }
        table.push_str(&format!(
            "    Asset {{ name: {name:?}, path: {path:?}, content_type: {content_type:?}, \
             plain: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")), \
             brotli: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.br\")), \
             gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.gz\")) }},\n"
        ));
    }
    table.push_str("];\n");
    write(&out.join("assets.rs"), table.as_bytes());
}

/// A vendored file that was changed by hand, or half updated, does not build.
fn check_vendored(directory: &Path) {
    let list = fs::read_to_string(directory.join("CHECKSUMS")).expect("the list is there");
    for (sum, file) in list.lines().filter_map(|line| line.split_once("  ")) {
        let bytes = fs::read(directory.join(file)).expect("a listed file is there");
        let found = hex::encode(Sha256::digest(&bytes));
        assert_eq!(found, sum, "{file} is not what CHECKSUMS says");
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("the output directory can be written");
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, 11, 22);
    writer.write_all(bytes).expect("memory can be written");
    drop(writer);
    packed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).expect("memory can be written");
    writer.finish().expect("memory can be written")
}
