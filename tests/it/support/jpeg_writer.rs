//! JPEGs of four flat quarters, in whatever way JPEG can store them.

use std::ops::Range;

/// A component: its id, its samples across and down in an MCU, and its value in each quarter.
pub type Component = (u8, u8, u8, [u8; 4]);

/// A JPEG to write. Its sides are whole MCUs.
#[derive(Debug, Clone)]
pub struct JpegWriter {
    pub width: u16,
    pub height: u16,
    /// SOF0 and its kin.
    pub frame: u8,
    pub precision: u8,
    pub components: Vec<Component>,
    /// Segments before the frame: marker and content.
    pub segments: Vec<(u8, Vec<u8>)>,
    /// One scan for each component instead of one for all.
    pub is_split: bool,
    /// MCUs between restart markers, or 0.
    pub restart: u16,
    /// Whether it has the marker that ends it.
    pub has_end: bool,
}

impl JpegWriter {
    /// A baseline JPEG of 64 pixels a side.
    pub fn new(components: &[Component]) -> Self {
        Self {
            width: 64,
            height: 64,
            frame: 0xc0,
            precision: 8,
            components: components.to_vec(),
            segments: Vec::new(),
            is_split: false,
            restart: 0,
            has_end: true,
        }
    }

    /// With one more segment.
    pub fn with(mut self, marker: u8, content: &[u8]) -> Self {
        self.segments.push((marker, content.to_vec()));
        self
    }

    /// With Adobe's marker, which says how colours are stored.
    pub fn adobe(self, transform: u8) -> Self {
        let content = [b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat();
        self.with(0xee, &content)
    }

    /// With JFIF's marker.
    pub fn jfif(self) -> Self {
        self.with(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")
    }

    /// With a colour profile, in so many pieces.
    pub fn profile(mut self, icc: &[u8], pieces: u8) -> Self {
        let size = icc.len().div_ceil(pieces.into());
        for (piece, number) in icc.chunks(size).zip(1..) {
            let head = [b"ICC_PROFILE\0".as_slice(), &[number, pieces]].concat();
            self = self.with(0xe2, &[&head, piece].concat());
        }
        self
    }

    /// With the way it is to be turned.
    pub fn orientation(self, orientation: u8) -> Self {
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        self.with(0xe1, &exif)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8];
        for (marker, content) in &self.segments {
            segment(&mut file, *marker, content);
        }
        // Eight times eight is the sum of a flat block: its coefficient is the value itself.
        segment(&mut file, 0xdb, &[[0].as_slice(), &[8; 64]].concat());
        let mut frame = vec![self.precision];
        frame.extend(self.height.to_be_bytes());
        frame.extend(self.width.to_be_bytes());
        frame.push(u8::try_from(self.components.len()).unwrap());
        for (id, across, down, _) in &self.components {
            frame.extend([*id, across << 4 | down, 0]);
        }
        segment(&mut file, self.frame, &frame);
        // Differences have 12 codes of 4 bits; "nothing more in this block" is the bit 0.
        let lengths = |at: usize, count: u8| (0..16).map(move |n| if n == at { count } else { 0 });
        let dc = [0].into_iter().chain(lengths(3, 12)).chain(0..12);
        segment(&mut file, 0xc4, &dc.collect::<Vec<_>>());
        let ac = [0x10].into_iter().chain(lengths(0, 1)).chain([0]);
        segment(&mut file, 0xc4, &ac.collect::<Vec<_>>());
        if self.restart > 0 {
            segment(&mut file, 0xdd, &self.restart.to_be_bytes());
        }
        let is_progressive = self.frame == 0xc2;
        let first = if is_progressive { 0..1 } else { 0..64 };
        let size = if self.is_split {
            1
        } else {
            self.components.len()
        };
        for components in self.components.chunks(size) {
            self.scan(&mut file, components, first.clone());
        }
        if is_progressive {
            for component in &self.components {
                self.scan(&mut file, &[*component], 1..64);
            }
        }
        if self.has_end {
            file.extend([0xff, 0xd9]);
        }
        file
    }

    /// A scan of these components and of this band of their coefficients.
    fn scan(&self, file: &mut Vec<u8>, components: &[Component], band: Range<u8>) {
        let mut head = vec![u8::try_from(components.len()).unwrap()];
        head.extend(components.iter().flat_map(|(id, ..)| [*id, 0]));
        head.extend([band.start, band.end - 1, 0]);
        segment(file, 0xda, &head);
        let most = |of: fn(&Component) -> u8| self.components.iter().map(of).max().unwrap();
        let (across, down) = (most(|one| one.1), most(|one| one.2));
        // Alone, each block of a component is an MCU.
        let is_alone = components.len() == 1;
        let (step_x, step_y) = if is_alone {
            let (_, a, d, _) = components[0];
            (8 * u32::from(across / a), 8 * u32::from(down / d))
        } else {
            (8 * u32::from(across), 8 * u32::from(down))
        };
        let (columns, rows) = (
            u32::from(self.width).div_ceil(step_x),
            u32::from(self.height).div_ceil(step_y),
        );
        let mut bits = Bits::default();
        let mut before = vec![0_i32; components.len()];
        for unit in 0..columns * rows {
            if self.restart > 0 && unit > 0 && unit % u32::from(self.restart) == 0 {
                bits.flush();
                let number = (unit / u32::from(self.restart) - 1) % 8;
                bits.bytes
                    .extend([0xff, 0xd0 + u8::try_from(number).unwrap()]);
                before.fill(0);
            }
            let (x, y) = (unit % columns * step_x, unit / columns * step_y);
            for ((_, a, d, values), before) in components.iter().zip(&mut before) {
                let (a, d) = if is_alone {
                    (1, 1)
                } else {
                    (u32::from(*a), u32::from(*d))
                };
                for block in 0..a * d {
                    let x = x + block % a * (step_x / a);
                    let y = y + block / a * (step_y / d);
                    let right = usize::from(x >= u32::from(self.width) / 2);
                    let below = usize::from(y >= u32::from(self.height) / 2);
                    if band.start == 0 {
                        let value = i32::from(values[below * 2 + right]) - 128;
                        bits.difference(value - *before);
                        *before = value;
                    }
                    if band.end > 1 {
                        bits.push(0, 1);
                    }
                }
            }
        }
        bits.flush();
        file.extend(bits.bytes);
    }
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xff, marker]);
    file.extend(u16::try_from(content.len() + 2).unwrap().to_be_bytes());
    file.extend(content);
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    kept: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, bits: u32, count: u32) {
        self.kept = self.kept << count | bits;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = u8::try_from(self.kept >> self.count & 0xff).unwrap();
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// ITU T.81 section F.1.2.1.
    fn difference(&mut self, difference: i32) {
        let size = 32 - difference.unsigned_abs().leading_zeros();
        self.push(size, 4);
        let value = if difference < 0 {
            difference + (1 << size) - 1
        } else {
            difference
        };
        self.push(u32::try_from(value).unwrap(), size);
    }

    fn flush(&mut self) {
        if self.count > 0 {
            let missing = 8 - self.count;
            self.push((1 << missing) - 1, missing);
        }
    }
}
