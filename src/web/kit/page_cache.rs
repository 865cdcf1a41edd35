//! Pages that are the same for everybody who is signed out. One is made once, with its tag and
//! compressed, for as long as what it shows stays as it was: nothing here grows old by itself, since
//! whoever asks has read already what the page is to show.

use super::{
    compress::{Coding, accepted, compress},
    csrf::PLACEHOLDER,
    visit::Visit,
};
use crate::{
    Error, Result,
    domain::PublicProfile,
    http::conditional::{ASK_AGAIN_PRIVATE, Tag},
};
use askama::Template;
use bytes::Bytes;
use poem::Response;
use quick_cache::{Weighter, sync::Cache};
use std::sync::Arc;
use uuid::Uuid;

/// The bytes of all of them: the compressed pages of some 4,000 people.
const BYTES: usize = 8 << 20;
/// What a page costs beside what it points to: its key, its places in tables, its allocations.
const PAGE: usize = 512;

/// The pages of people.
pub(in crate::web) struct KeptPages(Cache<Key, Arc<KeptPage>, Weight>);

/// What a page depends on beside what it shows.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    person: Uuid,
    saves_data: bool,
    coding: Option<Coding>,
}

struct KeptPage {
    shows: PublicProfile,
    tag: Tag,
    /// What it is compressed with. None: too small for that, or not asked for.
    coding: Option<Coding>,
    body: Bytes,
}

impl Default for KeptPages {
    fn default() -> Self {
        Self(Cache::with_weighter(
            BYTES / (4 * PAGE),
            BYTES as u64,
            Weight,
        ))
    }
}

impl KeptPages {
    /// The page that shows this profile, which `make` makes unless it is there; 304 when the browser
    /// has it.
    ///
    /// # Errors
    /// `Internal`
    pub(in crate::web) async fn page<T: Template>(
        &self,
        visit: Visit<'_>,
        profile: PublicProfile,
        make: impl FnOnce(&PublicProfile) -> T,
    ) -> Result<Response> {
        let key = Key {
            person: profile.id,
            saves_data: visit.saves_data(),
            coding: accepted(visit.request),
        };
        let kept = self.0.get(&key).filter(|kept| kept.shows == profile);
        let page = if let Some(page) = kept {
            page
        } else {
            let template = make(&profile);
            let page = KeptPage::new(profile, &template, key.coding).await?;
            let page = Arc::new(page);
            self.0.insert(key, Arc::clone(&page));
            page
        };
        visit.unless_known(&page.tag, ASK_AGAIN_PRIVATE, || Ok(page.answer()))
    }
}

impl KeptPage {
    async fn new(
        shows: PublicProfile,
        page: &impl Template,
        coding: Option<Coding>,
    ) -> Result<Self> {
        let html = page.render().map_err(Error::internal)?;
        if html.contains(PLACEHOLDER) {
            return Err(Error::internal("a form of one browser on a page for all"));
        }
        let tag = Tag::of(&[html.as_bytes()]);
        let mut response = Visit::document();
        response.set_body(html);
        let mut response = compress(response, coding).await?;
        let is_compressed = Coding::is_announced(&response);
        let body = response.take_body().into_bytes().await;
        Ok(Self {
            shows,
            tag,
            coding: coding.filter(|_| is_compressed),
            // Without the room that it was made in.
            body: Bytes::copy_from_slice(&body.map_err(Error::internal)?),
        })
    }

    fn answer(&self) -> Response {
        let mut response = Visit::document();
        response.set_body(self.body.clone());
        if let Some(coding) = self.coding {
            coding.announce(&mut response);
        }
        response
    }
}

/// What a page weighs in bytes, with what it points to.
#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<KeptPage>> for Weight {
    fn weight(&self, _: &Key, page: &Arc<KeptPage>) -> u64 {
        let PublicProfile {
            display_name,
            bio,
            avatar_url,
            ..
        } = &page.shows;
        let texts = [display_name, bio, avatar_url].into_iter().flatten();
        let letters: usize = texts.map(String::len).sum();
        (PAGE + letters + page.body.len()) as u64
    }
}
