//! PNGs of every kind that there is.

use flate2::{Compression, Crc, write::ZlibEncoder};
use std::io::Write;

/// Where the seven passes of an interlaced PNG begin, and their steps.
const PASSES: [(u32, u32, u32, u32); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];

/// A PNG to write.
#[derive(Debug, Clone)]
pub struct PngWriter {
    pub width: u32,
    pub height: u32,
    /// Bits a sample.
    pub depth: u8,
    /// As in IHDR: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
    pub color: u8,
    pub is_interlaced: bool,
    /// Chunks between header and pixels.
    pub chunks: Vec<([u8; 4], Vec<u8>)>,
}

impl PngWriter {
    /// A PNG of 64 pixels a side.
    pub fn new(color: u8, depth: u8) -> Self {
        Self {
            width: 64,
            height: 64,
            depth,
            color,
            is_interlaced: false,
            chunks: Vec::new(),
        }
    }

    /// Of this size.
    pub fn sized(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// Interlaced.
    pub fn interlaced(mut self) -> Self {
        self.is_interlaced = true;
        self
    }

    /// With one more chunk.
    pub fn with(mut self, name: [u8; 4], content: &[u8]) -> Self {
        self.chunks.push((name, content.to_vec()));
        self
    }

    /// With a colour profile.
    pub fn profile(self, icc: &[u8]) -> Self {
        let packed = compressed(|zlib| zlib.write_all(icc).unwrap());
        self.with(*b"iCCP", &[b"a\0\0".as_slice(), &packed].concat())
    }

    fn bits_a_pixel(&self) -> u32 {
        let samples = match self.color {
            0 | 3 => 1,
            4 => 2,
            2 => 3,
            _ => 4,
        };
        samples * u32::from(self.depth)
    }

    /// Four flat quarters of these samples.
    pub fn quarters(&self, quarters: &[Vec<u16>; 4]) -> Vec<u8> {
        self.file(|zlib| {
            self.rows(|y, columns| {
                let mut row = vec![0];
                let (mut kept, mut count) = (0_u32, 0);
                for x in columns {
                    let (right, below) = (x >= self.width / 2, y >= self.height / 2);
                    for sample in &quarters[usize::from(below) * 2 + usize::from(right)] {
                        kept = kept << self.depth | u32::from(*sample);
                        count += u32::from(self.depth);
                        while count >= 8 {
                            count -= 8;
                            row.push(u8::try_from(kept >> count & 0xff).unwrap());
                        }
                    }
                }
                if count > 0 {
                    row.push(u8::try_from(kept << (8 - count) & 0xff).unwrap());
                }
                zlib.write_all(&row).unwrap();
            });
        })
    }

    /// All samples zero, however many: fast to write and small.
    pub fn blank(&self) -> Vec<u8> {
        self.file(|zlib| {
            self.rows(|_, columns| {
                let pixels = u32::try_from(columns.count()).unwrap();
                let bytes = (pixels * self.bits_a_pixel()).div_ceil(8) as usize;
                zlib.write_all(&vec![0; 1 + bytes]).unwrap();
            });
        })
    }

    /// Every row that is stored: where it lies, and the columns of its pixels.
    fn rows(&self, mut row: impl FnMut(u32, std::iter::StepBy<std::ops::Range<u32>>)) {
        let whole = [(0, 0, 1, 1)];
        let passes = if self.is_interlaced {
            &PASSES[..]
        } else {
            &whole
        };
        for (x, y, step_x, step_y) in passes {
            if *x < self.width {
                for y in (*y..self.height).step_by(*step_y as usize) {
                    row(y, (*x..self.width).step_by(*step_x as usize));
                }
            }
        }
    }

    fn file(&self, pixels: impl FnOnce(&mut ZlibEncoder<Vec<u8>>)) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = self.width.to_be_bytes().to_vec();
        header.extend(self.height.to_be_bytes());
        header.extend([self.depth, self.color, 0, 0, u8::from(self.is_interlaced)]);
        chunk(&mut file, *b"IHDR", &header);
        for (name, content) in &self.chunks {
            chunk(&mut file, *name, content);
        }
        chunk(&mut file, *b"IDAT", &compressed(pixels));
        chunk(&mut file, *b"IEND", b"");
        file
    }
}

/// What is written, compressed.
pub fn compressed(write: impl FnOnce(&mut ZlibEncoder<Vec<u8>>)) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::new(6));
    write(&mut zlib);
    zlib.finish().unwrap()
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    let mut crc = Crc::new();
    for part in [name.as_slice(), content] {
        file.extend(part);
        crc.update(part);
    }
    file.extend(crc.sum().to_be_bytes());
}
