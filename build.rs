//! Notices new migrations, and prepares the static files: a fingerprinted name and both
//! compressed forms each, made once at build so that a request costs nothing.

use sha2::{Digest, Sha256};
use std::{env, error::Error, fmt::Write as _, fs, io::Write as _, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=static");
    let out = env::var("OUT_DIR")?;
    let mut table = String::from("&[\n");
    let mut files: Vec<_> = fs::read_dir("static")?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files {
        table.push_str(&prepare(&file.path(), Path::new(&out))?);
    }
    table.push_str("]\n");
    fs::write(Path::new(&out).join("assets.rs"), table)?;
    Ok(())
}

/// Writes the compressed forms and gives the file's row of the table.
fn prepare(path: &Path, out: &Path) -> Result<String, Box<dyn Error>> {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .ok_or("odd file name")?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let bytes = fs::read(path)?;
    let digest = Sha256::digest(&bytes);
    let hash = digest.iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let stem = name.strip_suffix(&format!(".{extension}")).unwrap_or(name);
    let published = format!("{stem}.{hash}.{extension}");

    let mut br = Vec::new();
    let params = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut bytes.as_slice(), &mut br, &params)?;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(&bytes)?;
    let (br_path, gz_path) = (
        out.join(format!("{name}.br")),
        out.join(format!("{name}.gz")),
    );
    fs::write(&br_path, br)?;
    fs::write(&gz_path, gz.finish()?)?;

    let (full, br, gz) = (
        fs::canonicalize(path)?,
        br_path.display().to_string(),
        gz_path.display().to_string(),
    );
    let full = full.display().to_string();
    Ok(format!(
        "Asset {{ name: {name:?}, published: {published:?}, plain: include_bytes!({full:?}), \
         br: include_bytes!({br:?}), gz: include_bytes!({gz:?}) }},\n"
    ))
}
