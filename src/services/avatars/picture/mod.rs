//! From an upload to square JPEGs: bounded before it is decoded, shrunk while it is decoded, and made
//! anew, so that nothing of the original but its pixels survives.
//!
//! ```text
//! jpeg, jpeg_header, png  ->  shrink  ->  colors, profile  ->  JPEGs
//! ```

mod colors;
mod jpeg;
mod jpeg_header;
mod png;
mod pool;
mod profile;
mod shrink;

pub use pool::ImagePool;

use crate::{Error, Result};
use colors::{Model, opaque_srgb};
use image::{
    DynamicImage, ImageFormat, RgbImage, codecs::jpeg::JpegEncoder, imageops::FilterType,
    metadata::Orientation,
};
use memmap2::MmapMut;
use profile::Profile;

/// The sides of the squares that are kept, in pixels; the first is the one `avatar_url` names.
pub const SIZES: [u32; 3] = [400, 192, 96];
/// The longest side that is decoded, in pixels.
const MAX_SIDE: u32 = 8_192;
/// The most pixels that are decoded.
const MAX_PIXELS: u64 = 40_000_000;
/// The most memory that making one picture takes, in bytes, with the upload itself.
const PLACE: usize = 128 * 1024 * 1024;
/// Of that what a decoder may take for the whole picture, in bytes: three for each of the most
/// pixels. What remains is for the upload, once here and once in its request, and for some rows.
const ROOM: u64 = 3 * MAX_PIXELS;
const QUALITY: u8 = 85;

const NOT_A_PICTURE: &str = "The file is not a JPEG or PNG picture. Choose another one.";
const DAMAGED: &str =
    "The picture is damaged and can't be read. Save it once more, or choose another one.";
const TOO_MANY_PIXELS: &str =
    "The picture has more than 8,192 pixels a side or 40 million in all. Choose a smaller one.";
const EMPTY: &str = "The file is empty. Choose a picture.";

/// A picture decoded: the square in its middle, as the file has it.
struct Decoded {
    /// [`shrink::SIDE`] pixels wide and high.
    square: Vec<u8>,
    model: Model,
    profile: Option<Profile>,
    /// How to turn it, by its EXIF data.
    orientation: Orientation,
}

/// Type by content, size by header, and only then the pixels.
fn make(upload: &[u8]) -> Result<Vec<Vec<u8>>> {
    if upload.is_empty() {
        return Err(Error::AvatarInvalid(EMPTY));
    }
    let decoded = match image::guess_format(upload) {
        Ok(ImageFormat::Jpeg) => jpeg::decode(upload)?,
        Ok(ImageFormat::Png) => png::decode(upload)?,
        _ => return Err(Error::AvatarInvalid(NOT_A_PICTURE)),
    };
    let rgb = opaque_srgb(decoded.square, decoded.model, decoded.profile.as_ref());
    let largest = RgbImage::from_raw(SIZES[0], SIZES[0], rgb);
    let largest = largest.ok_or_else(|| Error::internal("a picture that is no square"))?;
    let mut largest = DynamicImage::ImageRgb8(largest);
    largest.apply_orientation(decoded.orientation);
    SIZES.iter().map(|side| encode(&largest, *side)).collect()
}

fn encode(largest: &DynamicImage, side: u32) -> Result<Vec<u8>> {
    let square = largest.resize_exact(side, side, FilterType::Triangle);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode_image(&square)
        .map_err(Error::internal)?;
    Ok(jpeg)
}

/// Memory for a whole picture, from the system itself: it is given back when the place is, which an
/// allocator puts off.
///
/// # Errors
/// `Unavailable` when the system has none.
fn room_for(bytes: usize) -> Result<MmapMut> {
    MmapMut::map_anon(bytes).map_err(Error::unavailable)
}

fn require_size(width: u32, height: u32) -> Result<()> {
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Error::AvatarInvalid(TOO_MANY_PIXELS));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use image::{Rgb, Rgba, RgbaImage};
    use std::io::Cursor;

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
