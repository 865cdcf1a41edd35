//! What pictures take of a real process: memory, and the time of others.

use crate::support::{
    Api, Database, JpegWriter, KEY, PASSWORD, PATIENCE, PngWriter, Program, bare_client,
    compressed, eventually, png,
};
use futures_util::future::join_all;
use serde_json::json;
use std::{fs, io::Write, time::Instant};
use tokio::sync::Mutex;

const MIB: u64 = 1024 * 1024;
/// The most that making one picture may add, and all together.
const ONE: u64 = 128 * MIB;
const ALL: u64 = 256 * MIB;
/// What the allocator may have more than at first, a while after pictures were made.
const KEPT: u64 = 96 * MIB;
/// Has the allocator give back at once what is freed, in pages of 4 KB, so that a process is as
/// large as what is in use. Left to itself it keeps some for a second, 2 MB for each size of things.
const NOTHING_KEPT: [(&str, &str); 2] =
    [("MIMALLOC_PURGE_DELAY", "0"), ("MIMALLOC_ALLOW_THP", "0")];
const SIDE: u32 = 6_324;

/// These take both processors of a small machine: one after the other.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A service of its own, and people who are logged in.
struct Place {
    program: Program,
    people: Vec<Api>,
    _database: Database,
    _data: tempfile::TempDir,
}

impl Place {
    async fn with_people(count: usize, variables: &[(&str, &str)]) -> Self {
        let (database, data) = (Database::migrated().await, tempfile::tempdir().unwrap());
        let its_own = [
            ("DATABASE_URL", database.url()),
            ("JWT_PRIVATE_KEY", &KEY),
            ("DATA_DIR", data.path().to_str().unwrap()),
            ("REQUIRE_VERIFIED_EMAIL", "false"),
            ("RATE_LIMITS", "off"),
        ];
        let program = Program::start(&[&its_own, variables].concat()).await;
        // Whoever comes back after a while finds no old connection that is just being ended.
        let client = bare_client()
            .pool_max_idle_per_host(0)
            .tls_certs_only([])
            .build()
            .unwrap();
        let api = Api::with(client, &program.url);
        let mut people = Vec::new();
        for name in (0..count).map(|n| format!("ana{n}")) {
            let email = format!("{name}@example.org");
            let typed = json!({ "username": name, "email": email, "password": PASSWORD });
            api.post("/auth/register", typed.clone()).await.expect(201);
            let answer = api.post("/auth/login", typed).await.expect(200);
            let person = api.bearer(&answer.access_token());
            // What is made once for all: threads, tables of decoders, the folder.
            person.upload(&png(50, 50)).await.expect(200);
            people.push(person);
        }
        Self {
            program,
            people,
            _database: database,
            _data: data,
        }
    }

    /// Has the process forget how much memory it ever had, and returns how much it has now, in bytes.
    fn forget_peak(&self) -> u64 {
        fs::write(format!("/proc/{}/clear_refs", self.program.id()), "5").expect("its own process");
        self.program.peak_memory()
    }

    /// Uploads this file, one by each of so many people at once, until each had an answer that is final:
    /// what comes too late goes on in the making, and the next one of the same person waits for it.
    async fn upload(&self, file: &[u8], people: usize) -> Vec<u16> {
        let final_status = async |api: &Api| {
            let deadline = Instant::now() + PATIENCE;
            loop {
                let status = api.upload(file).await.status;
                if !matches!(status, 429 | 503) || Instant::now() > deadline {
                    return status;
                }
            }
        };
        join_all(self.people[..people].iter().map(final_status)).await
    }
}

fn jpeg(width: u16, height: u16, samples: [(u8, u8); 3]) -> JpegWriter {
    let components = samples.iter().zip(1..);
    let components: Vec<_> = components
        .map(|(samples, id)| (id, samples.0, samples.1, [100, 100, 100, 100]))
        .collect();
    let mut jpeg = JpegWriter::new(&components);
    (jpeg.width, jpeg.height) = (width, height);
    jpeg
}

/// The worst files there are, and whether they are taken.
fn worst() -> Vec<(&'static str, Vec<u8>, bool)> {
    let full = [(1, 1); 3];
    let quarter = [(2, 2), (1, 1), (1, 1)];
    let mut progressive = jpeg(4_448, 4_448, quarter);
    progressive.frame = 0xc2;
    let mut too_progressive = jpeg(6_320, 6_320, full);
    too_progressive.frame = 0xc2;
    let mut split = jpeg(3_600, 3_600, full);
    split.is_split = true;
    let zeros = vec![0; 10_000_000];
    let bomb = compressed(|zlib| {
        for _ in 0..150 {
            zlib.write_all(&zeros).unwrap();
        }
    });
    let bomb = |name| PngWriter::new(2, 8).with(name, &[b"a\0\0".as_slice(), &bomb].concat());
    let large = |color, depth| PngWriter::new(color, depth).sized(SIDE, SIDE);
    vec![
        ("16-bit RGBA", large(6, 16).blank(), true),
        ("8-bit RGBA", large(6, 8).blank(), true),
        ("interlaced RGB", large(2, 8).interlaced().blank(), true),
        (
            "interlaced 16-bit RGBA",
            PngWriter::new(6, 16)
                .sized(5_400, 5_400)
                .interlaced()
                .blank(),
            true,
        ),
        (
            "interlaced RGBA beyond the bound",
            large(6, 8).interlaced().blank(),
            false,
        ),
        ("profile of 1.5 GB", bomb(*b"iCCP").blank(), true),
        ("text of 1.5 GB", bomb(*b"zTXt").blank(), true),
        ("JPEG", jpeg(6_320, 6_320, quarter).bytes(), true),
        ("progressive JPEG", progressive.bytes(), true),
        (
            "progressive JPEG beyond the bound",
            too_progressive.bytes(),
            false,
        ),
        ("JPEG with a scan for each colour", split.bytes(), true),
    ]
}

/// Uploads every file, and insists that none of them makes the process larger than by so much.
async fn growth(people: usize, bound: u64) {
    let _alone = ALONE.lock().await;
    let files = worst();
    let place = Place::with_people(people, &NOTHING_KEPT).await;
    let mut wrong = Vec::new();
    for (name, file, is_taken) in files {
        let before = place.forget_peak();
        let began = Instant::now();
        let statuses = place.upload(&file, people).await;
        let grown = place.program.peak_memory().saturating_sub(before);
        let told = format!(
            "{name}: {} bytes, {statuses:?} after {:?}, {} MiB more",
            file.len(),
            began.elapsed(),
            grown / MIB
        );
        println!("{told}");
        // On a machine too busy to make it in the 10 s of a request it stays at "come back later".
        let expected = if is_taken { [200, 429, 503] } else { [422; 3] };
        if grown > bound || statuses.iter().any(|status| !expected.contains(status)) {
            wrong.push(told);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn no_picture_takes_more_memory_than_its_place() {
    growth(1, ONE).await;
}

#[tokio::test]
async fn pictures_at_once_take_no_more_memory_than_all_places() {
    growth(4, ALL).await;
}

#[tokio::test]
async fn memory_of_pictures_is_given_back() {
    let _alone = ALONE.lock().await;
    let place = Place::with_people(2, &[]).await;
    // Its coefficients are in memory of the allocator, the most of all files.
    let mut split = jpeg(3_600, 3_600, [(1, 1); 3]);
    split.is_split = true;
    let split = split.bytes();
    let at_first = place.forget_peak();
    for _ in 0..3 {
        assert_eq!(place.upload(&split, 2).await, [200, 200]);
    }
    eventually("the allocator gives back most of it", || async {
        place.upload(&png(50, 50), 2).await;
        let kept = place.forget_peak().saturating_sub(at_first);
        (kept < KEPT).then_some(())
    })
    .await;
}

#[tokio::test]
async fn uploads_in_a_loop_by_one_account_keep_nobody_else_out() {
    let _alone = ALONE.lock().await;
    let place = Place::with_people(2, &[]).await;
    let large = PngWriter::new(6, 16).sized(SIDE, SIDE).blank();
    let (greedy, other) = (&place.people[0], &place.people[1]);
    let flood = async {
        let waves = (0..8).map(|_| greedy.upload(&large));
        join_all(waves).await
    };
    let others = async {
        let mut statuses = Vec::new();
        for _ in 0..5 {
            statuses.push(other.upload(&png(64, 64)).await.status);
        }
        statuses
    };
    let (flood, others) = tokio::join!(flood, others);
    assert_eq!(others, [200; 5]);
    for answer in flood {
        assert!(
            matches!(answer.status, 200 | 429 | 503),
            "{}",
            answer.text()
        );
        assert_eq!(answer.header("retry-after").is_some(), answer.status != 200);
    }
}
