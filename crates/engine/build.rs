//! Compiles the wire schema; no `protoc` is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=../../proto");
    let schema = protox::compile(
        ["encryption.proto", "group.proto", "stored.proto"],
        ["../../proto"],
    )?;
    prost_build::Config::new()
        .btree_map(["."])
        .compile_fds(schema)?;
    Ok(())
}
