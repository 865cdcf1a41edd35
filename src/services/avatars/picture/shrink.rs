//! From rows of pixels, one after the other, to a small square: of the whole picture no more than a
//! few rows are in memory here.

use super::SIZES;
use crate::{Error, Result};
use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage, imageops::FilterType};

/// The side of the square, in pixels.
pub(super) const SIDE: u32 = SIZES[0];
const FILTER: FilterType = FilterType::Triangle;

/// Takes the rows of a picture from the top, cuts the square in its middle out of them, and makes
/// it [`SIDE`] pixels wide and high. Channels are mixed as they are: alpha has to be multiplied in
/// before.
pub(super) struct Shrinker {
    channels: usize,
    /// The first column and row of the square in the middle, and its side.
    left: usize,
    top: usize,
    side: usize,
    /// The square is cut into so many bands of rows, and each is made one row of the stack.
    bands: usize,
    band: Vec<u8>,
    stack: Vec<u8>,
    row: usize,
}

impl Shrinker {
    /// For a picture of this size in pixels, with this many bytes a pixel.
    pub(super) fn new(width: u32, height: u32, channels: usize) -> Self {
        let side = width.min(height);
        // At least two bands for each row of the result: mixing those two stages looks like one.
        let rows_in_band = (side / (2 * SIDE)).max(1);
        Self {
            channels,
            left: ((width - side) / 2) as usize,
            top: ((height - side) / 2) as usize,
            side: side as usize,
            bands: (side / rows_in_band) as usize,
            band: Vec::new(),
            stack: Vec::new(),
            row: 0,
        }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// `Internal` when it is shorter than the picture is wide.
    pub(super) fn push(&mut self, row: &[u8]) -> Result<()> {
        let Some(at) = self.row.checked_sub(self.top).filter(|at| *at < self.side) else {
            self.row += 1;
            return Ok(());
        };
        self.row += 1;
        let start = self.left * self.channels;
        let cut = row.get(start..start + self.side * self.channels);
        self.band.extend_from_slice(cut.ok_or_else(wrong_size)?);
        let band_of = |at: usize| at * self.bands / self.side;
        if band_of(at) != band_of(at + 1) {
            let width = u32::try_from(self.side).map_err(Error::internal)?;
            let band = std::mem::take(&mut self.band);
            // The mean of its rows.
            let row = pixels(self.channels, width, band)?.thumbnail_exact(width, 1);
            let narrow = row.resize_exact(SIDE, 1, FILTER);
            self.stack.extend_from_slice(narrow.as_bytes());
        }
        Ok(())
    }

    /// The square, when all rows were taken.
    ///
    /// # Errors
    /// `Internal` when rows are missing.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        if self.stack.len() != SIDE as usize * self.bands * self.channels {
            return Err(wrong_size());
        }
        let stack = pixels(self.channels, SIDE, self.stack)?;
        Ok(stack.resize_exact(SIDE, SIDE, FILTER).into_bytes())
    }
}

/// Rows of this width as the library has them.
fn pixels(channels: usize, width: u32, bytes: Vec<u8>) -> Result<DynamicImage> {
    let row = channels * width as usize;
    let height = u32::try_from(bytes.len() / row.max(1)).map_err(Error::internal)?;
    let image: Option<DynamicImage> = match channels {
        1 => GrayImage::from_raw(width, height, bytes).map(Into::into),
        2 => GrayAlphaImage::from_raw(width, height, bytes).map(Into::into),
        3 => RgbImage::from_raw(width, height, bytes).map(Into::into),
        _ => RgbaImage::from_raw(width, height, bytes).map(Into::into),
    };
    image.ok_or_else(wrong_size)
}

fn wrong_size() -> Error {
    Error::internal("a row of a picture has another size than its header says")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The square of a picture with one channel.
    fn shrunk(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let mut shrinker = Shrinker::new(width, height, 1);
        for y in 0..height {
            let row: Vec<u8> = (0..width).map(|x| pixel(x, y)).collect();
            shrinker.push(&row).unwrap();
        }
        shrinker.finish().unwrap()
    }

    #[test]
    fn the_square_in_the_middle_is_kept() {
        for (width, height) in [(1_200, 3_600), (3_600, 1_200), (30, 90), (1, 1), (8_192, 1)] {
            let (left, top) = (width.max(height) / 3, width.max(height) / 3);
            let middle = |at: u32, from: u32, side: u32| side < 2 || (from..2 * from).contains(&at);
            let is_middle = |x, y| {
                (width <= height || middle(x, left, width))
                    && (height <= width || middle(y, top, height))
            };
            let square = shrunk(width, height, |x, y| if is_middle(x, y) { 200 } else { 0 });
            assert_eq!(square.len(), (SIDE * SIDE) as usize);
            if width.max(height) < 4_000 {
                assert!(square.iter().all(|pixel| *pixel == 200), "{width} {height}");
            }
        }
    }

    #[test]
    fn every_pixel_counts_the_same() {
        // One dark column and row in eight: whatever is left out would be seen.
        let square = shrunk(
            3_200,
            3_200,
            |x, y| {
                if x % 8 == 3 || y % 8 == 5 { 0 } else { 255 }
            },
        );
        let expected = 255.0 * (7.0 / 8.0) * (7.0 / 8.0);
        let inner = square.iter().map(|pixel| f64::from(*pixel));
        assert!(inner.clone().all(|pixel| (pixel - expected).abs() < 40.0));
        let mean = inner.sum::<f64>() / f64::from(SIDE * SIDE);
        assert!((mean - expected).abs() < 2.0, "{mean}");
    }

    #[test]
    fn missing_rows_are_an_error() {
        let mut shrinker = Shrinker::new(10, 10, 3);
        shrinker.push(&[0; 30]).unwrap();
        assert!(shrinker.push(&[0; 29]).is_err());
        assert!(shrinker.finish().is_err());
    }
}
