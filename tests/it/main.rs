//! The scenarios of the Users Service, over a real server on a real PostgreSQL.
//!
//! Tests that prove a scenario of the user stories carry its ID in their name, as
//! `user_be_001_1_s1_valid_payload_creates_user` does; `scenarios` holds the list against them.
//! Every test has a database, a server and a mail server of its own, and may move its own clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// Counters are whole numbers, and names of files are ours.
#![allow(clippy::float_cmp, clippy::case_sensitive_file_extension_comparisons)]

mod support;

mod alerts;
mod avatar;
mod avatar_files;
mod browser;
mod browser_axe;
mod browser_axe_settings;
mod browser_counter;
mod browser_looks;
mod config;
mod config_program;
mod correction;
mod csrf;
mod deployment;
mod deployment_kubernetes;
mod devices;
mod devices_page;
mod errors;
mod errors_bodies;
mod follow;
mod follow_page;
mod fuzz;
mod headers;
mod headers_cache;
mod headers_origin;
mod history;
mod history_page;
mod journey;
mod journey_lynx;
mod journey_w3m;
mod keys_rotate;
mod layers;
mod licences;
mod lighthouse;
mod lists;
mod lists_page;
mod login;
mod login_page;
mod logs;
mod lookups;
mod mail;
mod mail_transports;
mod metrics;
mod migrations;
mod migrations_story;
mod new_device;
mod nginx;
mod nginx_errors;
mod nginx_limits;
mod nginx_slow;
mod openapi;
mod operations;
mod outage;
mod outage_pages;
mod pages;
mod pages_content;
mod password_advice;
mod profile;
mod profile_page;
mod properties;
mod properties_http;
mod properties_keys;
mod proxies;
mod races;
mod races_recovery;
mod races_sessions;
mod raw_http;
mod reauthentication;
mod recovery;
mod recovery_page;
mod refresh;
mod register;
mod register_page;
mod register_rules;
mod revocations;
mod save_data;
mod scenarios;
mod screen_reader;
mod security;
mod session_draft;
mod session_page;
mod settings_email;
mod settings_email_restore;
mod settings_password;
mod settings_username;
mod throttle;
mod throttle_guessing;
mod timeline;
mod timeline_posts;
mod tokens;
mod tokens_forged;
mod verify;
mod verify_page;
mod weights;
