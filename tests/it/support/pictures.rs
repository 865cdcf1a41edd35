//! Pictures to upload.

use image::{ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

/// A PNG with a gradient.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(width, height, ImageFormat::Png)
}

/// The same as a JPEG.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(width, height, ImageFormat::Jpeg)
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let shade = |at: u32, of: u32| u8::try_from(at * 255 / of).unwrap_or(u8::MAX);
    let picture = RgbImage::from_fn(width, height, |x, y| {
        Rgb([shade(x, width), shade(y, height), 128])
    });
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), format)
        .expect("a picture");
    bytes
}

/// A good PNG of exactly this many bytes: the rest is in a chunk that decoders skip.
pub fn png_of_exactly(size: usize) -> Vec<u8> {
    const CHUNK_OVERHEAD: usize = 12;
    const END: usize = 12;
    let mut bytes = png(16, 16);
    let end = bytes.split_off(bytes.len() - END);
    let padding = size - bytes.len() - END - CHUNK_OVERHEAD;
    let mut chunk = b"prVt".to_vec();
    chunk.resize(4 + padding, b'x');
    bytes.extend(
        u32::try_from(padding)
            .expect("a small picture")
            .to_be_bytes(),
    );
    bytes.extend_from_slice(&chunk);
    bytes.extend(crc32(&chunk).to_be_bytes());
    bytes.extend(end);
    assert_eq!(bytes.len(), size);
    bytes
}

/// The checksum of PNG chunks (ISO 3309).
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
