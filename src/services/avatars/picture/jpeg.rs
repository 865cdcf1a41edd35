//! Decoding a JPEG.

use super::{DAMAGED, Decoded, jpeg_header::Header, profile, room_for, shrink::Shrinker};
use crate::{Error, Result};
use image::metadata::Orientation;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

/// The square in the middle of a JPEG.
///
/// # Errors
/// `AvatarInvalid`, with the reason.
pub(super) fn decode(upload: &[u8]) -> Result<Decoded> {
    let header = Header::read(upload)?;
    let options = DecoderOptions::default().set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(upload), options);
    decoder.decode_headers().map_err(broken)?;
    // The components as they are: mixing them is the same as mixing colours, and what they mean is
    // told by the header.
    let components = match (header.channels(), decoder.input_colorspace()) {
        (1, _) => ColorSpace::Luma,
        (3, Some(ColorSpace::RGB | ColorSpace::CMYK)) => ColorSpace::RGB,
        (3, _) => ColorSpace::YCbCr,
        (_, Some(ColorSpace::YCCK)) => ColorSpace::YCCK,
        _ => ColorSpace::CMYK,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(components));
    let row = header.width as usize * header.channels();
    let mut pixels = room_for(row * header.height as usize)?;
    decoder.decode_into(&mut pixels).map_err(broken)?;
    let exif = decoder.exif();
    let orientation = exif.and_then(|exif| Orientation::from_exif_chunk(exif));
    let profile = decoder.icc_profile().and_then(|icc| profile::icc(&icc));
    // Its memory serves what comes next.
    drop(decoder);
    let mut shrinker = Shrinker::new(header.width, header.height, header.channels());
    for row in pixels.chunks_exact(row) {
        shrinker.push(row)?;
    }
    drop(pixels);
    Ok(Decoded {
        square: shrinker.finish()?,
        model: header.model(),
        profile,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
    })
}

fn broken<T>(_: T) -> Error {
    Error::AvatarInvalid(DAMAGED)
}
