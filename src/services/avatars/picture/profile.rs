//! Colour profiles: what the numbers of a file mean.

use moxcms::{
    Chromaticity, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, ParsingOptions, ToneReprCurve, TransferCharacteristics, TransformOptions,
    XyY,
};
use png::{CodingIndependentCodePoints, Info, ScaledFloat, SourceChromaticities};

/// What the numbers of a file mean.
pub(super) type Profile = ColorProfile;

/// The largest profile that is read, in bytes; a larger one is ignored. Those for printing have
/// some 600,000.
pub(super) const MAX_BYTES: usize = 1024 * 1024;
/// PNG's number for a gamma of 1/2.2.
const SRGB_GAMMA: u32 = 45_455;

/// The profile in a file. Browsers ignore one that they can't read, and so do we.
pub(super) fn icc(bytes: &[u8]) -> Option<Profile> {
    let options = ParsingOptions {
        max_profile_size: MAX_BYTES,
        max_allowed_clut_size: MAX_BYTES,
        ..ParsingOptions::default()
    };
    ColorProfile::new_from_slice_with_options(bytes, options).ok()
}

/// What the chunks of a PNG say, the most exact one first (PNG 3rd edition, section 4.3).
pub(super) fn of_png(info: &Info<'_>) -> Option<Profile> {
    let points = info.coding_independent_code_points.and_then(code_points);
    let embedded = || info.icc_profile.as_deref().and_then(icc);
    points.or_else(embedded).or_else(|| {
        let gamma = info.gama_chunk.filter(|_| info.srgb.is_none())?;
        gamma_and_primaries(gamma, info.chrm_chunk)
    })
}

/// The colours of a video signal (ITU-T H.273), but for those of high dynamic range, which have no
/// one way to be shown.
fn code_points(points: CodingIndependentCodePoints) -> Option<Profile> {
    let transfer = TransferCharacteristics::try_from(points.transfer_function).ok()?;
    let is_plain = points.is_video_full_range_image && points.matrix_coefficients == 0;
    let is_hdr = matches!(
        transfer,
        TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg
    );
    (is_plain && !is_hdr).then_some(())?;
    Some(ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: points.color_primaries.try_into().ok()?,
        transfer_characteristics: transfer,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    }))
}

fn gamma_and_primaries(
    gamma: ScaledFloat,
    primaries: Option<SourceChromaticities>,
) -> Option<Profile> {
    // What writers of sRGB put there for readers that know no sRGB.
    if gamma.into_scaled() == SRGB_GAMMA && primaries.is_none() {
        return None;
    }
    let exponent = 1.0 / gamma.into_value();
    if !(0.1..=10.0).contains(&exponent) {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    if let Some(chromaticities) = primaries {
        let point =
            |(x, y): (ScaledFloat, ScaledFloat)| Chromaticity::new(x.into_value(), y.into_value());
        let white = chromaticities.white;
        let white = XyY {
            x: white.0.into_value().into(),
            y: white.1.into_value().into(),
            yb: 1.0,
        };
        profile.update_rgb_colorimetry(
            white,
            ColorPrimaries {
                red: point(chromaticities.red),
                green: point(chromaticities.green),
                blue: point(chromaticities.blue),
            },
        );
    }
    let curve = Some(ToneReprCurve::Parametric(vec![exponent]));
    profile.red_trc.clone_from(&curve);
    profile.green_trc.clone_from(&curve);
    profile.blue_trc = curve;
    Some(profile)
}

/// Pixels with this many channels in sRGB; none when the profile is for other colours or can't be
/// used.
pub(super) fn to_srgb<const CHANNELS: usize>(profile: &Profile, pixels: &[u8]) -> Option<Vec<u8>> {
    let (space, layout) = match CHANNELS {
        1 => (DataColorSpace::Gray, Layout::Gray),
        3 => (DataColorSpace::Rgb, Layout::Rgb),
        // The library's way to say "four channels".
        _ => (DataColorSpace::Cmyk, Layout::Rgba),
    };
    if profile.color_space != space {
        return None;
    }
    let options = TransformOptions {
        prefer_fixed_point: false,
        ..TransformOptions::default()
    };
    let transform = profile
        .create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options)
        .ok()?;
    let mut converted = vec![0; pixels.len() / CHANNELS * 3];
    transform.transform(pixels, &mut converted).ok()?;
    Some(converted)
}
