//! Decoding a PNG: row by row, so that its size takes no memory, unless it is interlaced.

use super::{
    DAMAGED, Decoded, ROOM,
    colors::{Model, premultiply},
    profile, require_size, room_for,
    shrink::Shrinker,
};
use crate::{Error, Result};
use image::metadata::Orientation;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, Limits, Reader, Transformations};
use std::io::Cursor;

const INTERLACED: &str = "The picture is too large for an interlaced PNG. Save it without interlacing, or make it smaller than 30 megapixels.";
/// The most memory for what stands beside the pixels, in bytes: a chunk as it is in the file, and
/// the profile out of it. A profile that does not fit is ignored, as are texts.
const BESIDE: usize = super::super::MAX_BYTES + profile::MAX_BYTES;

/// The square in the middle of a PNG.
///
/// # Errors
/// `AvatarInvalid`, with the reason.
pub(super) fn decode(upload: &[u8]) -> Result<Decoded> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(upload), options);
    decoder.set_limits(Limits { bytes: BESIDE });
    // 8 bits a channel, no palette, and alpha where the file has any.
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(broken)?;
    require_size(header.width, header.height)?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let model = match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Model::Gray,
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Model::GrayAlpha,
        (ColorType::Rgb, BitDepth::Eight) => Model::Rgb,
        (ColorType::Rgba, BitDepth::Eight) => Model::Rgba,
        other => return Err(Error::internal(format!("the PNG decoder gives {other:?}"))),
    };
    let square = square(&mut reader, model)?;
    let info = reader.info();
    let exif = info.exif_metadata.as_deref();
    Ok(Decoded {
        square,
        model,
        profile: profile::of_png(info),
        orientation: exif
            .and_then(Orientation::from_exif_chunk)
            .unwrap_or(Orientation::NoTransforms),
    })
}

fn square(reader: &mut Reader<Cursor<&[u8]>>, model: Model) -> Result<Vec<u8>> {
    let info = reader.info();
    let (width, height, is_interlaced) = (info.width, info.height, info.interlaced);
    let channels = reader.output_color_type().0.samples();
    let has_alpha = matches!(model, Model::GrayAlpha | Model::Rgba);
    let mut shrinker = Shrinker::new(width, height, channels);
    let mut push = |row: &mut [u8]| {
        if has_alpha {
            premultiply(row, channels);
        }
        shrinker.push(row)
    };
    if is_interlaced {
        // Its rows come in seven passes.
        let size = reader
            .output_buffer_size()
            .filter(|size| *size as u64 <= ROOM);
        let mut pixels = room_for(size.ok_or(Error::AvatarInvalid(INTERLACED))?)?;
        reader.next_frame(&mut pixels).map_err(broken)?;
        for row in pixels.chunks_exact_mut(width as usize * channels) {
            push(row)?;
        }
    } else {
        let mut row = vec![0; width as usize * channels];
        for _ in 0..height {
            reader.read_row(&mut row).map_err(broken)?;
            push(&mut row)?;
        }
    }
    shrinker.finish()
}

fn broken<T>(_: T) -> Error {
    Error::AvatarInvalid(DAMAGED)
}
