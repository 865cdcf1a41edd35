//! What a JPEG says about itself, read before anything of it is decoded (ITU T.81 annex B).

use super::{NOT_A_PICTURE, ROOM, colors::Model, require_size};
use crate::{Error, Result};

const CUT_OFF: &str =
    "The end of the picture is missing. Download or save it once more, then choose it again.";
const ARITHMETIC: &str =
    "The JPEG uses arithmetic coding, which few programs can read. Save it as an ordinary JPEG.";
const LOSSLESS: &str = "This is a lossless JPEG, which few programs can read. Save it as an ordinary JPEG or as a PNG.";
const HIERARCHICAL: &str =
    "This is a hierarchical JPEG, which few programs can read. Save it as an ordinary JPEG.";
const DEEP: &str =
    "The JPEG has more than 8 bits a colour. Save it with 8 bits, which every program can.";
const CHANNELS: &str = "The JPEG has an unusual number of colours. Save it in RGB.";
const SAMPLING: &str = "The JPEG stores its colours in an unusual way (chroma subsampling). Save it as an ordinary JPEG.";
const SCANS: &str = "The JPEG is saved in too many steps. Save it without \"progressive\".";
const PROGRESSIVE: &str = "The picture is too large for a progressive JPEG. Save it without \"progressive\", or make it smaller than 10 megapixels.";
const CMYK: &str =
    "The picture is too large for CMYK. Save it in RGB, or make it smaller than 10 megapixels.";
/// The most scans that are decoded. Each passes over the whole picture; encoders make 10.
const MAX_SCANS: usize = 40;

/// A component of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Component {
    id: u8,
    /// Samples across and down in a unit of all components (MCU).
    across: u8,
    down: u8,
}

/// The header of a JPEG.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    components: Vec<Component>,
    is_progressive: bool,
    /// How many components each scan has.
    scans: Vec<u8>,
    is_jfif: bool,
    /// What Adobe's marker says about the colours.
    adobe: Option<u8>,
}

impl Header {
    /// Reads the segments to the end of the picture, and refuses what can't be decoded rightly or
    /// within [`ROOM`].
    ///
    /// # Errors
    /// `AvatarInvalid`, with the reason.
    pub(super) fn read(upload: &[u8]) -> Result<Self> {
        let mut header = Self::default();
        let mut rest = upload.get(2..).unwrap_or_default();
        loop {
            let (marker, segment, after) = next_segment(rest).ok_or_else(|| refused(CUT_OFF))?;
            match marker {
                0xd9 => break,
                0xda => header.scans.push(segment.first().copied().unwrap_or(0)),
                0xe0 if segment.starts_with(b"JFIF\0") => header.is_jfif = true,
                0xee if segment.starts_with(b"Adobe") => header.adobe = segment.get(11).copied(),
                0xc0..=0xc2 => header.frame(marker, segment)?,
                0xc3 | 0xf7 => return Err(refused(LOSSLESS)),
                0xc5..=0xc7 => return Err(refused(HIERARCHICAL)),
                0xc9..=0xcf => return Err(refused(ARITHMETIC)),
                _ => {}
            }
            rest = after;
        }
        if header.components.is_empty() || header.scans.is_empty() {
            return Err(refused(NOT_A_PICTURE));
        }
        header.require_decodable()?;
        Ok(header)
    }

    /// The frame's own header.
    fn frame(&mut self, marker: u8, segment: &[u8]) -> Result<()> {
        let (Some(&[precision, h0, h1, w0, w1, count]), Some(components)) =
            (segment.first_chunk(), segment.get(6..))
        else {
            return Err(refused(NOT_A_PICTURE));
        };
        if precision != 8 {
            return Err(refused(DEEP));
        }
        self.is_progressive = marker == 0xc2;
        (self.width, self.height) = (
            u16::from_be_bytes([w0, w1]).into(),
            u16::from_be_bytes([h0, h1]).into(),
        );
        let components = components.chunks_exact(3).take(count.into());
        self.components = components
            .map(|one| Component {
                id: one[0],
                across: one[1] >> 4,
                down: one[1] & 15,
            })
            .collect();
        Ok(())
    }

    fn require_decodable(&self) -> Result<()> {
        require_size(self.width, self.height)?;
        if !matches!(self.components.len(), 1 | 3 | 4) {
            return Err(refused(CHANNELS));
        }
        if self.scans.len() > MAX_SCANS {
            return Err(refused(SCANS));
        }
        if !self.has_usual_sampling() {
            return Err(refused(SAMPLING));
        }
        match self.memory() {
            0..=ROOM => Ok(()),
            _ if self.is_buffered() => Err(refused(PROGRESSIVE)),
            _ => Err(refused(CMYK)),
        }
    }

    /// Whether it is one of the samplings that the decoder gets right: both colours alike, and with
    /// no more samples than the brightness.
    fn has_usual_sampling(&self) -> bool {
        let factors = |one: &Component| (one.across, one.down);
        let factors: Vec<_> = self.components.iter().map(factors).collect();
        let is_split = self.is_buffered() && !self.is_progressive;
        match factors[..] {
            // With one component alone the factors mean nothing.
            [_] => true,
            _ if is_split => factors.iter().all(|one| *one == (1, 1)),
            [y, cb, cr] => cb == cr && is_usual(y, cb),
            // Black has as many samples as the brightness.
            [y, cb, cr, k] => k == y && cb == cr && is_usual(y, cb),
            _ => false,
        }
    }

    /// Whether the whole picture is kept as coefficients until the last scan.
    fn is_buffered(&self) -> bool {
        self.is_progressive
            || self.scans.first().map_or(0, |n| usize::from(*n)) < self.components.len()
    }

    /// The bytes that decoding takes: a byte for each component of each pixel, and two for each
    /// coefficient where they are kept.
    fn memory(&self) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let decoded = pixels * self.components.len() as u64;
        if !self.is_buffered() {
            return decoded;
        }
        let most =
            |of: fn(&Component) -> u8| self.components.iter().map(of).max().unwrap_or(1).max(1);
        let (across, down) = (most(|one| one.across), most(|one| one.down));
        let units = |pixels: u32, factor: u8| u64::from(pixels.div_ceil(8 * u32::from(factor)));
        let units = units(self.width, across) * units(self.height, down);
        let blocks: u64 = self
            .components
            .iter()
            .map(|one| u64::from(one.across) * u64::from(one.down))
            .sum();
        decoded + units * blocks * 64 * 2
    }

    /// How many bytes a decoded pixel has.
    pub(super) fn channels(&self) -> usize {
        self.components.len()
    }

    /// How its components make colours, by the rules of libjpeg, which browsers follow.
    pub(super) fn model(&self) -> Model {
        let ids = self.components.iter().map(|component| component.id);
        match (self.components.len(), self.adobe) {
            (1, _) => Model::Gray,
            (4, None | Some(0)) => Model::Cmyk,
            (4, _) => Model::Ycck,
            _ if self.is_jfif => Model::YCbCr,
            (_, Some(0)) => Model::Rgb,
            (_, None) if ids.eq(*b"RGB") => Model::Rgb,
            _ => Model::YCbCr,
        }
    }
}

/// Samples across and down of the brightness, and of each colour.
fn is_usual(brightness: (u8, u8), color: (u8, u8)) -> bool {
    match color {
        (1, 1) => matches!(brightness, (1 | 2 | 4, 1 | 2) | (1 | 2, 4)),
        (2, 1) => matches!(brightness, (2, 1 | 2)),
        (1, 2) => matches!(brightness, (1 | 2, 2)),
        _ => false,
    }
}

/// The next marker, what its segment says, and what comes after it; none when there is no marker
/// any more or its segment is cut off.
fn next_segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    // Within a scan, FF is data when 00 or a restart marker follows; elsewhere it fills up.
    let at = bytes
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0x01 | 0xd0..=0xd7 | 0xff))?;
    let (marker, body) = bytes.get(at + 1..)?.split_first()?;
    if *marker == 0xd9 {
        return Some((*marker, &[], body));
    }
    let length = usize::from(u16::from_be_bytes(*body.first_chunk()?));
    Some((*marker, body.get(2..length)?, body.get(length..)?))
}

fn refused(why: &'static str) -> Error {
    Error::AvatarInvalid(why)
}
