//! THE table of limits. Whatever else names a limit comes from here: the defaults in help and documents, the
//! series of the metrics, the 429s of the OpenAPI document.

use super::{Limit, seconds_of};

/// What has a bucket of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyedBy {
    /// A client network.
    Network,
    /// An account: its address as it was typed, or its id.
    Account,
    /// An account together with a client network.
    AccountAndNetwork,
    /// A browser or a network that is known to an account.
    KnownPlace,
    /// A session.
    Session,
    /// An e-mail address that an account is to have.
    Address,
    /// A mailbox, however its address is written.
    Mailbox,
}

/// What the table says of a rule.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Which one.
    pub rule: Rule,
    /// Its name in `RATE_LIMIT_RULES`.
    pub name: &'static str,
    /// The limit as long as nobody changes it.
    pub default: Limit,
    /// What has a bucket of its own.
    pub keyed_by: KeyedBy,
    /// The action that refusals are counted as in the metrics; none: that of the rules taken with it.
    pub counted_as: Option<&'static str>,
    /// The operations of the API that answer 429 beyond it.
    pub operations: &'static [&'static str],
}

impl Rule {
    /// What the table says of it.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &RULES[self as usize]
    }
}

/// Makes the rules and all that is told of them from the lines of the table.
macro_rules! table {
    ($(
        $(#[$meaning:meta])*
        $rule:ident $name:literal: $burst:literal + $more:literal / $unit:ident,
        $keyed_by:ident, $counted_as:expr, $operations:expr;
    )*) => {
        /// What has a limit of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Rule {
            $($(#[$meaning])* $rule,)*
        }

        /// Every rule, in the order of [`Rule`].
        pub const RULES: &[Row] = &[$(Row {
            rule: Rule::$rule,
            name: $name,
            default: Limit::new(
                $burst,
                $more,
                seconds_of(stringify!($unit)).expect("a unit of time"),
            ),
            keyed_by: KeyedBy::$keyed_by,
            counted_as: $counted_as,
            operations: &$operations,
        }),*];

        /// All defaults as `RATE_LIMIT_RULES` has them; the first separator is cut off.
        pub const DEFAULTS: &str = concat!(
            $(", ", $name, "=", $burst, "+", $more, "/", stringify!($unit)),*
        ).split_at(", ".len()).1;
    };
}

// A line: rule, name, so many at once + so many more a second, minute, hour or day (s, m, h, d), what it
// is keyed by, the action in the metrics, the operations of the API.
//
// The defaults are generous to a school behind one address. Within an hour strangers guess 54 + 4 times
// at one account, from however many addresses, 18 + 2 times more if they sit in a network that its owner
// logs in from, and as often with a known browser: under 100 together. One session fills up slower than
// its account, so that a stolen one leaves room to the others. A right password costs a hash too: the
// wide limits are for who sends it again and again. A mailbox that never asked gets ten mails at once,
// then ten a day.
table! {
    /// Wrong passwords from one client network, for whatever accounts.
    LogInAddress "log_in_address": 500 + 1000 / h,
        Network, Some("log_in"), ["login"];
    /// Wrong passwords for one account from all who are not known to it.
    LogInAccount "log_in_account": 54 + 4 / h,
        Account, Some("log_in"), ["login"];
    /// Of these, from one client network.
    LogInPair "log_in_pair": 50 + 4 / h,
        AccountAndNetwork, Some("log_in"), ["login"];
    /// Wrong passwords for one account from one browser or network that is known to it.
    LogInKnown "log_in_known": 18 + 2 / h,
        KnownPlace, Some("log_in"), ["login"];
    /// Passwords tried at one account, right or wrong.
    PasswordAccount "password_account": 300 + 600 / h,
        Account, None, ["login", "reauthenticate", "changePassword"];
    /// Passwords tried from one client network that is not known to the account, right or wrong.
    PasswordAddress "password_address": 2000 + 4000 / h,
        Network, Some("log_in"), ["login"];
    /// Wrong passwords of who is logged in and has to enter it again, in one session.
    ConfirmSession "confirm_session": 20 + 10 / h,
        Session, Some("confirm_password"), ["reauthenticate", "changePassword"];
    /// Of these, in all sessions of one account.
    ConfirmAccount "confirm_account": 50 + 40 / h,
        Account, Some("confirm_password"), ["reauthenticate", "changePassword"];
    /// Accounts made from one client network.
    RegisterAddress "register_address": 1000 + 1000 / h,
        Network, Some("register"), ["register"];
    /// Mails to one mailbox that never proved itself, whatever they are about.
    UnprovenMailbox "unproven_mailbox": 10 + 10 / d,
        Mailbox, Some("unproven_mail"), ["register", "changeEmail"];
    /// Links to prove an address, for one account.
    ResendAccount "resend_account": 12 + 12 / h,
        Account, Some("resend"), ["resend"];
    /// Of these, from one client network.
    ResendPair "resend_pair": 6 + 6 / h,
        AccountAndNetwork, Some("resend"), ["resend"];
    /// Such links from one client network, for whatever accounts.
    ResendAddress "resend_address": 500 + 500 / h,
        Network, Some("resend"), ["resend"];
    /// Links to set a new password, for one account: beyond it none is sent, and nobody is told.
    ForgotAccount "forgot_account": 12 + 12 / h,
        Account, Some("send_reset"), [];
    /// Of these, from one client network.
    ForgotPair "forgot_pair": 6 + 6 / h,
        AccountAndNetwork, Some("forgot_password"), ["forgotPassword"];
    /// Such links from one client network, for whatever accounts.
    ForgotAddress "forgot_address": 500 + 500 / h,
        Network, Some("forgot_password"), ["forgotPassword"];
    /// New passwords set with a link from one client network.
    ResetAddress "reset_address": 500 + 500 / h,
        Network, Some("reset_password"), ["resetPassword"];
    /// Sessions renewed from one client network.
    RefreshAddress "refresh_address": 3000 + 3000 / m,
        Network, Some("refresh"), ["refresh"];
    /// Renewals of one session: its tokens carry the bucket.
    RefreshSession "refresh_session": 120 + 60 / h,
        Session, Some("refresh"), ["refresh"];
    /// People followed by one account.
    FollowAccount "follow_account": 1000 + 2000 / h,
        Account, Some("follow"), ["follow"];
    /// Changes of its e-mail address that one account asks for.
    ChangeEmailAccount "change_email_account": 10 + 10 / h,
        Account, Some("change_email"), ["changeEmail"];
    /// Changes to one e-mail address, whoever asks for them.
    ChangeEmailTo "change_email_to": 5 + 5 / h,
        Address, Some("change_email"), ["changeEmail"];
    /// Usernames that one account asks for.
    ChangeUsernameAccount "change_username_account": 10 + 10 / d,
        Account, Some("change_username"), ["changeUsername"];
    /// Pictures that one account uploads.
    UploadAccount "upload_account": 20 + 60 / h,
        Account, Some("upload"), ["putAvatar"];
}
