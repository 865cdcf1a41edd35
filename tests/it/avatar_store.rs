//! Pictures in a folder and in a bucket that speaks S3: the same to everybody.

use crate::support::{Answer, Person, S3, SECRET, TestApp, eventually, jpeg, names_in, png};
use std::{io::Read, path::PathBuf};
use time::Duration;
use users_service::services::deletion::WINDOW;

/// A service, and where its pictures lie as files.
pub struct Kept {
    pub app: TestApp,
    pub folder: PathBuf,
    /// The store, unless it is a folder.
    pub s3: Option<S3>,
}

impl Kept {
    pub async fn on_disk() -> Self {
        let app = TestApp::start().await;
        let folder = app.data_dir.path().join("avatars");
        Self {
            app,
            folder,
            s3: None,
        }
    }

    pub async fn in_s3() -> Self {
        let s3 = S3::start().await;
        Self {
            app: TestApp::with(&s3.settings()).await,
            folder: s3.folder(),
            s3: Some(s3),
        }
    }

    /// One of each kind.
    pub async fn everywhere() -> [Self; 2] {
        [Self::on_disk().await, Self::in_s3().await]
    }

    pub fn files(&self) -> Vec<String> {
        names_in(&self.folder)
    }

    /// Uploads a picture: the path that it is served at.
    pub async fn uploads(&self, person: &Person, picture: &[u8]) -> String {
        let answer = self.app.api().of(person).upload(picture).await;
        self.path(&answer.expect(200))
    }

    /// The path of a person's picture.
    pub async fn shown(&self, person: &Person) -> String {
        let me = self.app.api().of(person).get("/users/me").await;
        self.path(&me.expect(200))
    }

    fn path(&self, answer: &Answer) -> String {
        let answer = answer.json();
        let url = answer["avatar_url"].as_str().expect("a picture");
        let path = url.strip_prefix(self.app.public_url());
        path.expect("a picture of ours").to_owned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.api().get(path).await
    }
}

#[tokio::test]
async fn a_picture_is_there_in_all_sizes_until_it_is_taken_away() {
    let mut headers = Vec::new();
    for kept in Kept::everywhere().await {
        let ana = kept.app.person("ana").await;
        let path = kept.uploads(&ana, &png(600, 300)).await;
        assert_eq!(kept.files().len(), 3);
        let stem = path.strip_suffix(".jpg").unwrap();
        for (name, side) in [("", 400), ("-192", 192), ("-96", 96)] {
            let answer = kept.get(&format!("{stem}{name}.jpg")).await.expect(200);
            let picture = image::load_from_memory(&answer.body).unwrap();
            assert_eq!((picture.width(), picture.height()), (side, side));
        }
        let mut answer = kept.get(&path).await;
        for name in ["date", "x-trace-id"] {
            answer.headers.remove(name);
        }
        headers.push(answer.headers);
        let unknown = format!("/avatars/{}.jpg", "0".repeat(32));
        kept.get(&unknown).await.expect(404);

        let removed = kept.app.api().of(&ana).delete("/users/me/avatar").await;
        removed.expect(204);
        assert!(kept.files().is_empty());
        kept.get(&path).await.expect(404);
    }
    assert_eq!(headers[0], headers[1]);
}

#[tokio::test]
async fn the_picture_before_is_kept_and_older_ones_go() {
    for kept in Kept::everywhere().await {
        let ana = kept.app.person("ana").await;
        let mut paths = Vec::new();
        for side in [10, 20, 30] {
            paths.push(kept.uploads(&ana, &png(side, 40)).await);
        }
        assert_eq!(kept.files().len(), 2 * 3);
        kept.get(&paths[0]).await.expect(404);
        kept.get(&paths[1]).await.expect(200);
        assert_eq!(kept.shown(&ana).await, paths[2]);
    }
}

#[tokio::test]
async fn the_same_picture_again_is_another_one() {
    for kept in Kept::everywhere().await {
        let ana = kept.app.person("ana").await;
        let first = kept.uploads(&ana, &png(10, 10)).await;
        let second = kept.uploads(&ana, &png(10, 10)).await;
        assert_ne!(
            first, second,
            "no file comes back under a name that may be going"
        );
        kept.get(&first).await.expect(200);
        kept.get(&second).await.expect(200);
    }
}

#[tokio::test]
async fn it_goes_into_the_copy_of_everything_and_away_with_the_account() {
    for kept in Kept::everywhere().await {
        let app = &kept.app;
        let ana = app.person("ana").await;
        let path = kept.uploads(&ana, &jpeg(300, 300)).await;
        let name = path.strip_prefix("/avatars/").unwrap();
        let served = kept.get(&path).await.body;

        let api = app.in_session(&ana).await;
        api.act("/users/me/export").await.expect(202);
        let ready = "exports where ready_at is not null";
        eventually("the copy is ready", || async {
            (app.count(ready).await == 1).then_some(())
        })
        .await;
        let visitor = app.signed_in(&ana).await;
        let cookies = visitor.jar.header("/settings").unwrap();
        let download = app.api().request("GET", "/settings/export/download");
        let copy = download.header("Cookie", &cookies).send().await.expect(200);
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(copy.body)).unwrap();
        let mut copied = Vec::new();
        let mut picture = zip.by_name(&format!("pictures/{name}")).unwrap();
        picture.read_to_end(&mut copied).unwrap();
        assert_eq!(copied, served);

        api.delete("/users/me").await.expect(202);
        app.clock.advance(WINDOW + Duration::seconds(1));
        app.sweep().await;
        assert_eq!(app.count("users").await, 0);
        assert!(kept.files().is_empty());
    }
}

#[tokio::test]
async fn a_bucket_holds_pictures_below_the_prefix_alone() {
    let kept = Kept::in_s3().await;
    let ana = kept.app.person("ana").await;
    kept.uploads(&ana, &png(10, 10)).await;
    let s3 = kept.s3.as_ref().unwrap();
    assert_eq!(names_in(&s3.bucket()), ["users"]);
    assert!(!kept.app.data_dir.path().join("avatars").exists());
    let told = format!("{:?}", kept.app.app.config);
    assert!(!told.contains(SECRET), "{told}");
}
