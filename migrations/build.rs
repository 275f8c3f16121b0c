//! A new SQL file rebuilds the crate; the macro that embeds them only notices changed ones.

fn main() {
    println!("cargo::rerun-if-changed=central");
    println!("cargo::rerun-if-changed=tenant");
}
