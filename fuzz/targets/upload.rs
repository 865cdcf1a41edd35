//! An upload of a picture: from the multipart body to the files that would be kept.

use poem::{Body, Request, http::header};
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};
use users_service::{
    Error,
    http::multipart::Upload,
    services::avatars::{ImagePool, MAX_BYTES, SIZES},
};
use uuid::Uuid;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
});
static IMAGES: LazyLock<ImagePool> = LazyLock::new(ImagePool::default);

/// Takes the input for a body between boundaries `--b`, and for a picture as well.
pub fn upload(input: &[u8]) {
    RUNTIME.block_on(async {
        let (request, mut body) = Request::builder()
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(input.to_vec()))
            .split();
        match Upload::read(&request, &mut body).await {
            Ok(upload) => picture(upload.avatar).await,
            Err(Error::Malformed(_) | Error::Validation(_)) => {}
            Err(other) => panic!("{other}"),
        }
        picture(input.to_vec()).await;
    });
}

async fn picture(file: Vec<u8>) {
    if file.len() > MAX_BYTES {
        return;
    }
    match IMAGES.make(Uuid::nil(), file).await {
        Ok(pictures) => {
            for (jpeg, side) in pictures.iter().zip(SIZES) {
                let made = image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg);
                let made = made.expect("a JPEG");
                assert_eq!((made.width(), made.height()), (side, side));
            }
            assert_eq!(pictures.len(), SIZES.len());
        }
        Err(Error::AvatarInvalid(_)) => {}
        Err(other) => panic!("{other}"),
    }
}
