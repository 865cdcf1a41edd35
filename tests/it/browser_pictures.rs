//! A picture looks as it did before it was uploaded: what is stored is held against what Chromium
//! shows of the same file, for every way in which JPEG and PNG store colours.

use crate::support::{Api, Browser, Component, JpegWriter, PngWriter, TestApp, compressed};
use base64::{Engine, prelude::BASE64_STANDARD};
use moxcms::ColorProfile;
use serde_json::{Value, json};

/// How far a channel may be off: our own JPEG rounds, and so do profiles.
const TOLERANCE: i32 = 4;
/// Draws a file as our pages crop it, on white, and gives the mean colour in each quarter's middle.
const DRAW: &str = "const [base64] = arguments;
    const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([bytes]));
    return image.decode().then(() => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 400;
        const context = canvas.getContext('2d');
        context.fillStyle = 'white';
        context.fillRect(0, 0, 400, 400);
        const [w, h] = [image.naturalWidth, image.naturalHeight];
        const side = Math.min(w, h);
        context.drawImage(image, (w - side) / 2, (h - side) / 2, side, side, 0, 0, 400, 400);
        return [[100, 100], [300, 100], [100, 300], [300, 300]].map(([x, y]) => {
            const { data } = context.getImageData(x - 4, y - 4, 8, 8);
            return [0, 1, 2].map(channel => {
                let sum = 0;
                for (let at = channel; at < data.length; at += 4) sum += data[at];
                return Math.round(sum / 64);
            });
        });
    }, error => String(error));";

type Kind = (&'static str, Vec<u8>);

/// Brightness and two colours in these samples (across, down) each.
fn ycc(samples: [(u8, u8); 3]) -> JpegWriter {
    let values = [[76, 150, 29, 200], [85, 44, 255, 110], [255, 21, 107, 150]];
    let components = samples.iter().zip(values).zip(1..);
    let components: Vec<Component> = components
        .map(|((samples, values), id)| (id, samples.0, samples.1, values))
        .collect();
    JpegWriter::new(&components)
}

/// Red, green and blue as they are, under these ids.
fn rgb(ids: [u8; 3]) -> JpegWriter {
    let values = [[200, 20, 40, 255], [40, 180, 60, 240], [40, 30, 190, 10]];
    let components = ids.iter().zip(values);
    let components: Vec<_> = components.map(|(id, values)| (*id, 1, 1, values)).collect();
    JpegWriter::new(&components)
}

/// Four inks.
fn inks() -> JpegWriter {
    let values = [
        [200, 20, 90, 255],
        [40, 180, 60, 240],
        [140, 130, 190, 10],
        [255, 200, 90, 180],
    ];
    let components = values.into_iter().zip(1..);
    let components: Vec<_> = components.map(|(values, id)| (id, 1, 1, values)).collect();
    JpegWriter::new(&components)
}

fn gray(across: u8, down: u8) -> JpegWriter {
    JpegWriter::new(&[(1, across, down, [0, 80, 160, 255])])
}

fn icc(profile: ColorProfile) -> Vec<u8> {
    profile.encode().unwrap()
}

const FULL: [(u8, u8); 3] = [(1, 1); 3];
const HALF: [(u8, u8); 3] = [(2, 1), (1, 1), (1, 1)];
const QUARTER: [(u8, u8); 3] = [(2, 2), (1, 1), (1, 1)];

fn jpegs() -> Vec<Kind> {
    let p3 = icc(ColorProfile::new_display_p3());
    let adobe = icc(ColorProfile::new_adobe_rgb());
    let gamma = icc(ColorProfile::new_gray_with_gamma(1.5));
    let mut progressive = ycc(QUARTER);
    progressive.frame = 0xc2;
    let mut progressive_full = ycc(FULL).jfif();
    progressive_full.frame = 0xc2;
    let mut extended = ycc(QUARTER);
    extended.frame = 0xc1;
    let (mut split, mut progressive_split) = (ycc(FULL), progressive.clone());
    (split.is_split, progressive_split.is_split) = (true, true);
    let mut few_inks = inks();
    for at in [0, 3] {
        (few_inks.components[at].1, few_inks.components[at].2) = (2, 2);
    }
    let (mut restarts, mut tall) = (ycc(QUARTER).jfif(), ycc(QUARTER).orientation(6));
    restarts.restart = 3;
    tall.height = 192;
    let mut kinds = vec![
        ("grey", gray(1, 1).jfif().bytes()),
        ("grey, with factors that mean nothing", gray(2, 2).bytes()),
        (
            "grey, with a profile",
            gray(1, 1).profile(&gamma, 1).bytes(),
        ),
        (
            "grey, with a profile for colours",
            gray(1, 1).profile(&p3, 1).bytes(),
        ),
        ("4:4:4", ycc(FULL).jfif().bytes()),
        ("4:2:2", ycc(HALF).jfif().bytes()),
        ("4:2:0", ycc(QUARTER).jfif().bytes()),
        ("4:4:0", ycc([(1, 2), (1, 1), (1, 1)]).jfif().bytes()),
        ("4:1:1", ycc([(4, 1), (1, 1), (1, 1)]).jfif().bytes()),
        ("4:1:0", ycc([(4, 2), (1, 1), (1, 1)]).jfif().bytes()),
        (
            "4:4:0 of twos",
            ycc([(2, 2), (2, 1), (2, 1)]).jfif().bytes(),
        ),
        (
            "4:2:2 of twos",
            ycc([(2, 2), (1, 2), (1, 2)]).jfif().bytes(),
        ),
        ("without any marker", ycc(QUARTER).bytes()),
        ("extended sequential", extended.bytes()),
        ("progressive", progressive.bytes()),
        ("progressive 4:4:4", progressive_full.bytes()),
        ("a scan for each colour", split.bytes()),
        (
            "progressive, a scan for each colour",
            progressive_split.bytes(),
        ),
        ("restart markers", restarts.bytes()),
        ("Adobe's YCbCr", ycc(FULL).adobe(1).bytes()),
        ("Adobe's RGB", rgb([1, 2, 3]).adobe(0).bytes()),
        ("RGB by its ids", rgb(*b"RGB").bytes()),
        ("JFIF beside Adobe's RGB", ycc(FULL).jfif().adobe(0).bytes()),
        ("CMYK", inks().adobe(0).bytes()),
        ("CMYK without Adobe's marker", inks().bytes()),
        ("YCCK 4:2:0", few_inks.adobe(2).bytes()),
        ("YCCK", inks().adobe(2).bytes()),
        ("Display P3", rgb(*b"RGB").profile(&p3, 1).bytes()),
        ("Display P3 in YCbCr", ycc(QUARTER).profile(&p3, 1).bytes()),
        (
            "Adobe RGB in pieces",
            rgb(*b"RGB").profile(&adobe, 3).bytes(),
        ),
        (
            "ProPhoto",
            rgb(*b"RGB")
                .profile(&icc(ColorProfile::new_pro_photo_rgb()), 1)
                .bytes(),
        ),
        ("a profile for grey", ycc(FULL).profile(&gamma, 1).bytes()),
        (
            "a profile that is none",
            ycc(FULL).profile(b"no profile at all", 1).bytes(),
        ),
        ("turned, and not square", tall.bytes()),
    ];
    for (name, orientation) in [
        ("mirrored", 2),
        ("upside down", 3),
        ("mirrored and turned", 5),
        ("turned to the left", 8),
    ] {
        kinds.push((name, rgb(*b"RGB").orientation(orientation).bytes()));
    }
    kinds
}

/// Samples of so many bits.
fn quarters<const N: usize>(depth: u8, eighths: [[u32; N]; 4]) -> [Vec<u16>; 4] {
    let most = (1 << depth) - 1;
    eighths.map(|samples| {
        samples
            .map(|n| u16::try_from(n * most / 8).unwrap())
            .to_vec()
    })
}

#[allow(clippy::too_many_lines)] // A table.
fn pngs() -> Vec<Kind> {
    let shades = |depth| quarters(depth, [[0], [3], [5], [8]]);
    let colors = |depth| quarters(depth, [[7, 1, 1], [1, 6, 2], [1, 2, 7], [8, 8, 3]]);
    let clear_shades = |depth| quarters(depth, [[0, 8], [1, 4], [8, 2], [5, 0]]);
    let clear = |depth| {
        quarters(
            depth,
            [[7, 1, 1, 8], [1, 6, 2, 4], [0, 0, 0, 0], [8, 8, 3, 1]],
        )
    };
    let palette = [200, 30, 30, 30, 180, 60, 20, 40, 200, 250, 240, 10];
    let four = [vec![0], vec![1], vec![2], vec![3]];
    let big_endian =
        |samples: &[u16]| -> Vec<u8> { samples.iter().flat_map(|n| n.to_be_bytes()).collect() };
    let p3 = icc(ColorProfile::new_display_p3());
    let gamma = |value: u32| value.to_be_bytes();
    let numbers =
        |numbers: [u32; 8]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_be_bytes()).collect() };
    let wide = numbers([
        31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000,
    ]);
    let text = compressed(|zlib| std::io::Write::write_all(zlib, &vec![b'x'; 100_000]).unwrap());
    let text = [b"Comment\0\0".as_slice(), &text].concat();
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([6, 0, 0, 0, 0, 0, 0]);
    let full = PngWriter::new(2, 8);
    let see_through = PngWriter::new(6, 8);
    vec![
        (
            "grey, 1 bit",
            PngWriter::new(0, 1).quarters(&[vec![0], vec![1], vec![1], vec![0]]),
        ),
        ("grey, 2 bits", PngWriter::new(0, 2).quarters(&four)),
        ("grey, 4 bits", PngWriter::new(0, 4).quarters(&shades(4))),
        ("grey", PngWriter::new(0, 8).quarters(&shades(8))),
        ("grey, 16 bits", PngWriter::new(0, 16).quarters(&shades(16))),
        (
            "grey, one shade clear",
            PngWriter::new(0, 8)
                .with(*b"tRNS", &[0, 0])
                .quarters(&shades(8)),
        ),
        (
            "grey, 2 bits, one shade clear",
            PngWriter::new(0, 2).with(*b"tRNS", &[0, 1]).quarters(&four),
        ),
        (
            "grey, 16 bits, one shade clear",
            PngWriter::new(0, 16)
                .with(*b"tRNS", &[0, 0])
                .quarters(&shades(16)),
        ),
        ("colours", full.quarters(&colors(8))),
        (
            "colours, 16 bits",
            PngWriter::new(2, 16).quarters(&colors(16)),
        ),
        (
            "colours, one clear",
            full.clone()
                .with(*b"tRNS", &big_endian(&colors(8)[1]))
                .quarters(&colors(8)),
        ),
        (
            "palette of 2 bits",
            PngWriter::new(3, 2)
                .with(*b"PLTE", &palette)
                .quarters(&four),
        ),
        (
            "palette of 4 bits",
            PngWriter::new(3, 4)
                .with(*b"PLTE", &palette)
                .quarters(&four),
        ),
        (
            "palette",
            PngWriter::new(3, 8)
                .with(*b"PLTE", &palette)
                .quarters(&four),
        ),
        (
            "palette with alpha",
            PngWriter::new(3, 8)
                .with(*b"PLTE", &palette)
                .with(*b"tRNS", &[255, 128, 0])
                .quarters(&four),
        ),
        (
            "grey and alpha",
            PngWriter::new(4, 8).quarters(&clear_shades(8)),
        ),
        (
            "grey and alpha, 16 bits",
            PngWriter::new(4, 16).quarters(&clear_shades(16)),
        ),
        ("alpha", see_through.quarters(&clear(8))),
        ("alpha, 16 bits", PngWriter::new(6, 16).quarters(&clear(16))),
        ("interlaced", full.clone().interlaced().quarters(&colors(8))),
        (
            "interlaced palette of 2 bits, odd size",
            PngWriter::new(3, 2)
                .sized(61, 67)
                .with(*b"PLTE", &palette)
                .interlaced()
                .quarters(&four),
        ),
        (
            "interlaced alpha, 16 bits",
            PngWriter::new(6, 16).interlaced().quarters(&clear(16)),
        ),
        ("Display P3", full.clone().profile(&p3).quarters(&colors(8))),
        (
            "Display P3 and alpha",
            see_through.clone().profile(&p3).quarters(&clear(8)),
        ),
        (
            "Display P3, palette",
            PngWriter::new(3, 8)
                .profile(&p3)
                .with(*b"PLTE", &palette)
                .quarters(&four),
        ),
        (
            "Adobe RGB, 16 bits",
            PngWriter::new(2, 16)
                .profile(&icc(ColorProfile::new_adobe_rgb()))
                .quarters(&colors(16)),
        ),
        (
            "a profile for grey",
            PngWriter::new(0, 8)
                .profile(&icc(ColorProfile::new_gray_with_gamma(1.5)))
                .quarters(&shades(8)),
        ),
        (
            "a profile that is none",
            full.clone()
                .profile(b"no profile at all")
                .quarters(&colors(8)),
        ),
        (
            "gamma 1.0",
            full.clone()
                .with(*b"gAMA", &gamma(100_000))
                .quarters(&colors(8)),
        ),
        (
            "gamma 1.0, grey",
            PngWriter::new(0, 8)
                .with(*b"gAMA", &gamma(100_000))
                .quarters(&shades(8)),
        ),
        (
            "gamma 1/2.2",
            full.clone()
                .with(*b"gAMA", &gamma(45_455))
                .quarters(&colors(8)),
        ),
        (
            "gamma and primaries",
            full.clone()
                .with(*b"gAMA", &gamma(45_455))
                .with(*b"cHRM", &wide)
                .quarters(&colors(8)),
        ),
        (
            "primaries without gamma",
            full.clone().with(*b"cHRM", &wide).quarters(&colors(8)),
        ),
        (
            "sRGB beside another gamma",
            full.clone()
                .with(*b"gAMA", &gamma(100_000))
                .with(*b"sRGB", &[0])
                .quarters(&colors(8)),
        ),
        (
            "Display P3 by code points",
            full.clone()
                .with(*b"cICP", &[12, 13, 0, 1])
                .quarters(&colors(8)),
        ),
        (
            "a long text",
            full.clone().with(*b"zTXt", &text).quarters(&colors(8)),
        ),
        ("turned", full.with(*b"eXIf", &exif).quarters(&colors(8))),
        ("tall", see_through.sized(64, 192).quarters(&clear(8))),
    ]
}

/// The mean colour in the middle of each quarter of the stored picture.
async fn stored(app: &TestApp, api: &Api, file: &[u8]) -> Result<Value, String> {
    let answer = api.upload(file).await;
    if answer.status != 200 {
        return Err(answer.text());
    }
    let url = answer.json()["avatar_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(app.public_url()).unwrap();
    let jpeg = app.api().get(path).await.expect(200).body;
    let picture = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    let means = [(100, 100), (300, 100), (100, 300), (300, 300)].map(|(x, y)| {
        [0, 1, 2].map(|channel| {
            let pixels = (0..64).map(|n| picture.get_pixel(x - 4 + n % 8, y - 4 + n / 8));
            pixels.map(|pixel| u32::from(pixel[channel])).sum::<u32>() / 64
        })
    });
    Ok(json!(means))
}

fn is_close(ours: &Value, theirs: &Value) -> bool {
    let numbers = |all: &Value| -> Vec<i64> {
        let quarters = all.as_array().into_iter().flatten();
        let channels = quarters.flat_map(|quarter| quarter.as_array().into_iter().flatten());
        channels.map(|channel| channel.as_i64().unwrap()).collect()
    };
    let (ours, theirs) = (numbers(ours), numbers(theirs));
    let mut pairs = ours.iter().zip(&theirs);
    ours.len() == 12
        && theirs.len() == 12
        && pairs.all(|(ours, theirs)| (ours - theirs).abs() <= TOLERANCE.into())
}

async fn every_kind_looks_the_same(kinds: Vec<Kind>) {
    let app = TestApp::with(&[("RATE_LIMITS", "off")]).await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let browser = Browser::open(&app).await;
    browser.go("/").await;
    let mut others = Vec::new();
    for (name, file) in kinds {
        let shown = browser
            .run(DRAW, vec![json!(BASE64_STANDARD.encode(&file))])
            .await;
        match stored(&app, &api, &file).await {
            Ok(stored) if is_close(&stored, &shown) => {}
            stored => others.push(format!("{name}: stored {stored:?}, shown {shown}")),
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

#[tokio::test]
async fn every_kind_of_jpeg_is_stored_as_the_browser_shows_it() {
    every_kind_looks_the_same(jpegs()).await;
}

#[tokio::test]
async fn every_kind_of_png_is_stored_as_the_browser_shows_it() {
    every_kind_looks_the_same(pngs()).await;
}
