//! From the channels of a file to opaque sRGB, as browsers show it.

use super::profile::{Profile, to_srgb};

/// What the bytes of a pixel are. Colours with alpha are multiplied by it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// As in JFIF: BT.601 with full range.
    YCbCr,
    /// As Adobe stores it: 255 is no ink.
    Cmyk,
    /// CMYK whose first three are stored as the YCbCr of red, green and blue, in Adobe's way.
    Ycck,
}

/// Opaque sRGB: JPEG has no transparency, and what is see-through becomes white, as on a page.
pub(super) fn opaque_srgb(pixels: Vec<u8>, model: Model, profile: Option<&Profile>) -> Vec<u8> {
    match model {
        Model::Gray => gray(&pixels, profile),
        Model::Rgb => rgb(pixels, profile),
        Model::YCbCr => rgb(from_ycbcr(&pixels), profile),
        Model::Cmyk => cmyk(&pixels, profile),
        Model::Ycck => cmyk(&from_ycck(&pixels), profile),
        Model::GrayAlpha => {
            let (colors, alpha) = apart::<1>(&pixels);
            on_white(gray(&colors, profile), &alpha)
        }
        Model::Rgba => {
            let (colors, alpha) = apart::<3>(&pixels);
            on_white(rgb(colors, profile), &alpha)
        }
    }
}

/// Multiplies colours by their alpha, in place, so that what can't be seen doesn't count when pixels
/// are mixed.
pub(super) fn premultiply(row: &mut [u8], channels: usize) {
    for pixel in row.chunks_exact_mut(channels) {
        match pixel[channels - 1] {
            u8::MAX => {}
            0 => pixel.fill(0),
            alpha => {
                for color in &mut pixel[..channels - 1] {
                    *color = times(*color, alpha);
                }
            }
        }
    }
}

fn gray(pixels: &[u8], profile: Option<&Profile>) -> Vec<u8> {
    if let Some(converted) = profile.and_then(|profile| to_srgb::<1>(profile, pixels)) {
        return converted;
    }
    rgb(
        pixels.iter().flat_map(|value| [*value; 3]).collect(),
        profile,
    )
}

fn rgb(pixels: Vec<u8>, profile: Option<&Profile>) -> Vec<u8> {
    let converted = profile.and_then(|profile| to_srgb::<3>(profile, &pixels));
    converted.unwrap_or(pixels)
}

/// Without a profile as browsers do it, which know no inks then.
fn cmyk(pixels: &[u8], profile: Option<&Profile>) -> Vec<u8> {
    let inks: Vec<u8> = pixels.iter().map(|value| u8::MAX - value).collect();
    if let Some(converted) = profile.and_then(|profile| to_srgb::<4>(profile, &inks)) {
        return converted;
    }
    let (whole, _) = pixels.as_chunks::<4>();
    let rgb = whole
        .iter()
        .flat_map(|[c, m, y, k]| [c, m, y].map(|value| times(*value, *k)));
    rgb.collect()
}

fn from_ycbcr(pixels: &[u8]) -> Vec<u8> {
    let (whole, _) = pixels.as_chunks::<3>();
    whole
        .iter()
        .flat_map(|pixel| red_green_blue(*pixel))
        .collect()
}

fn from_ycck(pixels: &[u8]) -> Vec<u8> {
    let (whole, _) = pixels.as_chunks::<4>();
    let cmyk = whole.iter().flat_map(|[y, cb, cr, k]| {
        let [r, g, b] = red_green_blue([*y, *cb, *cr]);
        [u8::MAX - r, u8::MAX - g, u8::MAX - b, *k]
    });
    cmyk.collect()
}

/// ITU T.871 section 7.
fn red_green_blue([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(byte)
}

/// The colours, not multiplied any more, and the alphas.
fn apart<const COLORS: usize>(pixels: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut colors, mut alphas) = (Vec::new(), Vec::new());
    for pixel in pixels.chunks_exact(COLORS + 1) {
        let alpha = pixel[COLORS];
        let whole = f32::from(alpha.max(1)) / 255.0;
        colors.extend(
            pixel[..COLORS]
                .iter()
                .map(|color| byte(f32::from(*color) / whole)),
        );
        alphas.push(alpha);
    }
    (colors, alphas)
}

fn on_white(mut rgb: Vec<u8>, alphas: &[u8]) -> Vec<u8> {
    for (pixel, alpha) in rgb.chunks_exact_mut(3).zip(alphas) {
        for color in pixel {
            *color = u8::MAX - times(u8::MAX - *color, *alpha);
        }
    }
    rgb
}

/// The product of two parts of 255.
fn times(a: u8, b: u8) -> u8 {
    let product = (u16::from(a) * u16::from(b) + 127) / 255;
    u8::try_from(product).unwrap_or(u8::MAX)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Rounded and clamped, as is wanted.
fn byte(value: f32) -> u8 {
    value.round() as u8
}
