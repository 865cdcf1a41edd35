//! Somebody else, as a request names them.

use uuid::Uuid;

/// Another person's id in a path, a form or a token: nobody has looked yet whether that account is there, or
/// is leaving and not to be seen. Statements get such a person only by the look itself,
/// `users::sql::visible`, so none can forget to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other(Uuid);

impl Other {
    /// Whether it is this account.
    #[must_use]
    pub fn is(self, id: Uuid) -> bool {
        self.0 == id
    }

    /// The id without a look. Right where what is done to somebody who can't be seen harms nobody: taking back
    /// what one did oneself, or forgetting what is kept of them.
    #[must_use]
    pub fn id_without_a_look(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for Other {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}
