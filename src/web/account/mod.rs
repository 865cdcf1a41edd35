//! Coming in: registration and its link, logging in and out, a forgotten password.

mod check_your_mail;
mod forgot;
mod login;
pub(super) mod new_password;
mod register;
mod registered_account;
mod resend;
mod reset;
mod verify;
mod wrong_address;

use super::kit::pages::Pages;
use crate::http::methods::{get, post};

/// The pages of this room.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
        .at("/register", get(register::show).post(register::submit))
        .at("/register/check", post(register::check))
        .at("/register/done", get(check_your_mail::show_registered))
        .at("/register/address", post(wrong_address::submit))
        .at("/password/advice", post(new_password::advise))
        .at("/login", get(login::show).post(login::submit))
        .at("/logout", post(login::log_out))
        .at("/verify", get(verify::show).post(verify::confirm))
        .at("/verify/reject", post(verify::reject))
        .at("/verify/rejected", get(verify::show_rejected))
        .at("/verify/resend", get(resend::show).post(resend::submit))
        .at("/verify/sent", get(check_your_mail::show_resent))
        .at("/forgot-password", get(forgot::show).post(forgot::submit))
        .at("/forgot-password/sent", get(forgot::show_sent))
        .at("/reset-password", get(reset::show).post(reset::submit))
}
