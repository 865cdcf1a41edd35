//! From an upload to a square JPEG: bounded before it is decoded, and made anew, so that nothing
//! of the original but its pixels survives.

use crate::{Error, Result};
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    imageops::FilterType,
};
use std::{io::Cursor, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// The sides of the squares that are kept, in pixels; the first is the one `avatar_url` names.
pub const SIZES: [u32; 3] = [400, 192, 96];
/// The longest side that is decoded, in pixels.
const MAX_SIDE: u32 = 8_192;
/// The most pixels that are decoded.
const MAX_PIXELS: u64 = 40_000_000;
/// The most memory a decoder may take, in bytes.
const MAX_ALLOC: u64 = 256 * 1024 * 1024;
const QUALITY: u8 = 85;
/// How many pictures are decoded at once, and how long an upload waits for its turn.
const AT_ONCE: usize = 2;
const WAIT: Duration = Duration::from_secs(5);

const NOT_A_PICTURE: &str = "The file is not a JPEG or PNG picture. Choose another one.";
const TOO_MANY_PIXELS: &str =
    "The picture has more than 8,192 pixels a side or 40 million in all. Choose a smaller one.";
const EMPTY: &str = "The file is empty. Choose a picture.";

/// Decodes a few pictures at a time, away from the threads that serve requests.
pub struct ImagePool(Arc<Semaphore>);

impl Default for ImagePool {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl ImagePool {
    /// The JPEGs of an upload, one for each of [`SIZES`].
    ///
    /// # Errors
    /// `AvatarInvalid`, `Unavailable` when too many pictures wait.
    pub async fn make(&self, upload: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.0).acquire_owned())
            .await
            .map_err(Error::unavailable)?
            .map_err(Error::internal)?;
        // The permit moves along: a request that is given up does not free its place early.
        tokio::task::spawn_blocking(move || {
            let sizes = make(&upload);
            drop(turn);
            sizes
        })
        .await
        .map_err(Error::internal)?
    }
}

fn make(upload: &[u8]) -> Result<Vec<Vec<u8>>> {
    let picture = decode(upload)?;
    // Cropped first: filling the square from a strip of 8,192 by 1 would pass through a picture
    // of 3,276,800 by 400.
    let side = picture.width().min(picture.height());
    let (x, y) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let largest =
        picture
            .crop_imm(x, y, side, side)
            .resize_exact(SIZES[0], SIZES[0], FilterType::Triangle);
    let largest = on_white(largest).into_rgb8();
    SIZES
        .iter()
        .map(|&side| {
            let square = if side == SIZES[0] {
                largest.clone()
            } else {
                image::imageops::resize(&largest, side, side, FilterType::Triangle)
            };
            let mut jpeg = Vec::new();
            JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
                .encode_image(&square)
                .map_err(Error::internal)?;
            Ok(jpeg)
        })
        .collect()
}

/// Type by content, size by header, and only then the pixels.
fn decode(upload: &[u8]) -> Result<DynamicImage> {
    let broken = |_| Error::AvatarInvalid(NOT_A_PICTURE);
    if upload.is_empty() {
        return Err(Error::AvatarInvalid(EMPTY));
    }
    let format = image::guess_format(upload).map_err(broken)?;
    let whole = match format {
        ImageFormat::Jpeg => jpeg_is_whole(upload),
        ImageFormat::Png => true,
        _ => false,
    };
    if !whole {
        return Err(Error::AvatarInvalid(NOT_A_PICTURE));
    }
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Error::AvatarInvalid(TOO_MANY_PIXELS));
    }
    let orientation = decoder.orientation().map_err(broken)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// The decoder fills what a cut-off JPEG lacks with grey. A whole one has its end-of-image marker:
/// walks the segments (ITU T.81 annex B) to it, over the scans between them.
fn jpeg_is_whole(upload: &[u8]) -> bool {
    const END: u8 = 0xd9;
    let mut rest = upload.get(2..).unwrap_or_default();
    loop {
        // Within a scan, FF is data when 00 or a restart marker follows; elsewhere it fills up.
        let at = rest.windows(2).position(|pair| {
            pair[0] == 0xff && !matches!(pair[1], 0x00 | 0x01 | 0xd0..=0xd7 | 0xff)
        });
        let Some((marker, body)) = at.and_then(|at| rest[at + 1..].split_first()) else {
            return false;
        };
        if *marker == END {
            return true;
        }
        let length = body
            .first_chunk()
            .map_or(0, |pair| u16::from_be_bytes(*pair));
        match body.get(usize::from(length)..) {
            Some(after) if length >= 2 => rest = after,
            _ => return false,
        }
    }
}

/// JPEG has no transparency: what was see-through becomes white, not black.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let mut rgba = picture.into_rgba8();
    for pixel in rgba.pixels_mut() {
        let alpha = u16::from(pixel[3]);
        for channel in 0..3 {
            let mixed = (u16::from(pixel[channel]) * alpha + 255 * (255 - alpha)) / 255;
            pixel[channel] = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
        pixel[3] = u8::MAX;
    }
    DynamicImage::ImageRgba8(rgba)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn red(width: u32, height: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([200, 10, 10])))
    }

    #[test]
    fn gives_a_square_jpeg_of_every_size() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let sizes = make(&encoded(&red(30, 700), format)).unwrap();
            for (jpeg, side) in sizes.iter().zip(SIZES) {
                let back = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap();
                assert_eq!((back.width(), back.height()), (side, side));
            }
        }
    }

    #[test]
    fn what_is_see_through_becomes_white() {
        let clear = RgbaImage::from_pixel(10, 10, Rgba([0, 0, 0, 0]));
        let png = encoded(&DynamicImage::ImageRgba8(clear), ImageFormat::Png);
        let jpeg = make(&png).unwrap().remove(0);
        let back = image::load_from_memory(&jpeg).unwrap().into_rgb8();
        assert!(
            back.get_pixel(200, 200)
                .0
                .iter()
                .all(|channel| *channel > 250)
        );
    }

    #[test]
    fn what_follows_the_end_of_a_jpeg_does_not_matter() {
        let mut jpeg = encoded(&red(64, 64), ImageFormat::Jpeg);
        jpeg.extend(b"\xff\xda trailer");
        assert!(make(&jpeg).is_ok());
    }

    #[test]
    fn refuses_other_types_cut_off_files_and_bombs() {
        let jpeg = encoded(&red(64, 64), ImageFormat::Jpeg);
        let png = encoded(&red(64, 64), ImageFormat::Png);
        let wide = encoded(&red(8_193, 1), ImageFormat::Png);
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
        for bad in [
            Vec::new(),
            b"x".to_vec(),
            b"GIF89a\x01\0\x01\0".to_vec(),
            svg,
            jpeg[..jpeg.len() / 2].to_vec(),
            png[..png.len() / 2].to_vec(),
            wide,
        ] {
            assert!(matches!(make(&bad), Err(Error::AvatarInvalid(_))));
        }
        let many = encoded(&red(8_000, 5_001), ImageFormat::Png);
        assert!(matches!(
            make(&many),
            Err(Error::AvatarInvalid(TOO_MANY_PIXELS))
        ));
    }
}
