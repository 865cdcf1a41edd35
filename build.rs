//! Notices new migrations, and prepares the static files: a fingerprinted name and both
//! compressed forms each, made once at build so that a request costs nothing. And the list of
//! common passwords: the beginnings of their hashes, to be searched where they lie.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::Path,
};

const COMMON: &str = "src/domain/common_passwords.txt.gz";
/// How much of a hash is kept. 200,000 of 40 bits take 1 MB, and one password in 5 million is
/// called common that is not.
const HASH_BYTES: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=static");
    println!("cargo:rerun-if-changed={COMMON}");
    let out = env::var("OUT_DIR")?;
    fs::write(
        Path::new(&out).join("common_passwords"),
        common_passwords()?,
    )?;
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

/// The beginnings of the SHA-256 of every common password, in order.
fn common_passwords() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut list = String::new();
    flate2::read::GzDecoder::new(fs::File::open(COMMON)?).read_to_string(&mut list)?;
    let hashes: BTreeSet<_> = list
        .lines()
        .map(|word| Sha256::digest(word)[..HASH_BYTES].to_vec())
        .collect();
    Ok(hashes.into_iter().flatten().collect())
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
    let path_outside = format!("/static/{stem}.{hash}.{extension}");

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
        "Asset {{ name: {name:?}, path: {path_outside:?}, plain: include_bytes!({full:?}), \
         br: include_bytes!({br:?}), gz: include_bytes!({gz:?}) }},\n"
    ))
}
